import type { ChannelDocument, IndexDocument, ReadableChange, ReadableRelease } from '../../../lib/api/reading.ts';
import { escapeControls } from '../../../lib/domain/names.ts';
import { formatBytes } from '../../../lib/domain/release.ts';
import type { Snippet } from '../../../lib/domain/snippets.ts';
import { escapeHtml, link, page, pasteBlock } from './html.ts';
import { ageOf, changeText, dayOf, factRows, privateNote, type Shown, useHeadings, withdrawnText } from './text.ts';

const maxPageBytes = 20_000;
/** Of a description or a reason, in characters. */
const maxProseLength = 200;

const addressOf = (base: string, channel: string): string => `${base}/channel/${encodeURIComponent(channel)}`;

/** Text that people wrote, of any length. */
const prose = (text: string): string =>
  escapeHtml(escapeControls(text.length > maxProseLength ? `${text.slice(0, maxProseLength)}…` : text));

/** A link to another site, if it is one: records hold what any tool wrote. */
const outerLink = (url: string | undefined, text: string): string =>
  url !== undefined && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? `<a href="${escapeHtml(new URL(url).href)}" rel="noreferrer">${prose(text)}</a>`
    : prose(text);

/** A time with its whole value for programs; nothing for what is no time. */
function timeText(time: string | undefined, show: (iso: string) => string): string {
  if (time === undefined || Number.isNaN(Date.parse(time))) return '';
  const iso = new Date(time).toISOString();
  return `<time datetime="${iso}">${show(iso)}</time>`;
}

const ageText = (time: string | undefined, now: number): string =>
  timeText(time, (iso) => ageOf(iso, now) || dayOf(iso));

const tag = (text: string, warns = false): string => ` <span class="tag${warns ? ' warn' : ''}">${text}</span>`;

/** As many rows as fit: a page stays small however long names and reasons are. */
function fitting(rows: number, render: (rows: number) => string): string {
  const text = render(rows);
  const bytes = Buffer.byteLength(text);
  return bytes <= maxPageBytes || rows <= 1
    ? text
    : fitting(Math.max(1, Math.min(rows - 1, Math.floor((rows * maxPageBytes) / bytes))), render);
}

const pagesNav = (
  address: string,
  { after, next }: { readonly after: string | undefined; readonly next?: string | undefined },
  names: readonly [first: string, next: string],
): string => {
  const links = [
    ...(after === undefined ? [] : [link(address, names[0], ' rel="first"')]),
    ...(next === undefined ? [] : [link(`${address}?after=${encodeURIComponent(next)}`, names[1], ' rel="next"')]),
  ];
  return links.length === 0 ? '' : `<nav aria-label="Pages">${links.join(' ')}</nav>`;
};

const revText = ({ rev, revUrl }: ReadableRelease): string =>
  rev === undefined ? '' : `<code>${outerLink(revUrl, rev.slice(0, 12))}</code>`;

const sizeText = ({ size }: ReadableRelease): string =>
  size === undefined ? '' : `<span class="dim">${formatBytes(size)}</span>`;

const releaseName = ({ url, release }: ReadableRelease): string =>
  url === undefined ? escapeHtml(release) : link(url, release);

function factsLine(...facts: readonly string[]): string {
  const known = facts.filter((fact) => fact !== '');
  return known.length === 0 ? '' : `<p class="facts">${known.join(' ')}</p>`;
}

const stateNote = {
  served: '',
  empty: 'No release is published at present.',
  removed: 'Releases that were locked before still answer.',
  unreadable: 'Its record cannot be read: tell the operator of this service.',
} as const;

interface IndexPage {
  readonly index: IndexDocument;
  readonly after: string | undefined;
  /** The line to paste for a channel, where there is one. */
  readonly snippetOf: (channel: string) => Snippet | undefined;
  readonly now: number;
}

export function indexPage(base: string, { index, after, snippetOf, now }: IndexPage): string {
  const { channels, access, next } = index;
  const items = channels.map(({ channel, state, latest, description }) => {
    const snippet = snippetOf(channel);
    return [
      `<li><h2>${state === 'removed' ? escapeHtml(channel) : link(addressOf(base, channel), channel)}`,
      state === 'served' ? '' : tag(state, state === 'unreadable'),
      '</h2>',
      description === undefined ? '' : `<p>${prose(description)}</p>`,
      latest === null
        ? `<p class="dim">${stateNote[state]}</p>`
        : factsLine(
            `<span>${escapeHtml(latest.release)}</span>`,
            ageText(latest.publishedAt, now),
            revText(latest),
            sizeText(latest),
          ),
      snippet === undefined ? '' : pasteBlock(`${snippet.use} ${channel}`, snippet.text),
      '</li>',
    ].join('');
  });
  return fitting(items.length, (rows) =>
    page({
      base,
      title: 'Nix channels',
      main: [
        items.length === 0
          ? '<p>There are no channels that you may read.</p>'
          : `<p class="lead">Copy a line to use a channel, or open the channel for more.</p>\n<ul>\n${items.slice(0, rows).join('\n')}\n</ul>`,
        pagesNav(`${base}/`, { after, next: rows < items.length ? channels[rows - 1]?.channel : next }, [
          'First page',
          'More channels',
        ]),
        access === 'public' ? `<p class="dim">${escapeHtml(privateNote(base))}</p>` : '',
      ].join('\n'),
      canonical: `${base}/${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`,
      alternates: [{ type: 'application/json', url: `${base}/index.json`, name: 'JSON' }],
    }),
  );
}

/**
 * The history of the channel in these releases, newest first: the moves, then the releases of which the record has no
 * publication. Of moves that are no first publication it has the newest: all are in the JSON.
 */
function historyItems(
  releases: readonly ReadableRelease[],
  moves: readonly ReadableChange[],
  latest: string | undefined,
): string[] {
  const byName = new Map(releases.map((release) => [release.release, release]));
  const yanks = new Set(moves.filter(({ action }) => action === 'yank').map(({ release }) => release));
  /** Of each release, the move that shows its facts: the first publication, the last one here. */
  const firsts = new Map(
    moves.flatMap((move) => (move.action === 'publish' || move.action === 'promote' ? [[move.release, move]] : [])),
  );
  const shown: Shown = {
    release: (name) => {
      const release = byName.get(name);
      return release === undefined ? escapeHtml(escapeControls(name)) : releaseName(release);
    },
    text: prose,
  };
  const factsOf = (release: ReadableRelease): string => {
    const { retired, yanked } = release;
    const isTold = retired === undefined && yanks.has(release.release);
    const withdrawn = isTold ? undefined : withdrawnText(release);
    return [
      release.release === latest ? tag('latest') : '',
      retired !== undefined ? tag('retired', true) : yanked !== undefined ? tag('yanked', true) : '',
      '</p>',
      factsLine(revText(release), sizeText(release)),
      withdrawn === undefined ? '' : `<p class="dim">${prose(withdrawn)}</p>`,
    ].join('');
  };
  const item = (at: string | undefined, sentence: string, release: ReadableRelease | undefined): string => {
    const facts = release === undefined ? '</p>' : factsOf(release);
    return `<li>${timeText(at, dayOf) || '<span></span>'}<div><p>${sentence}${facts}</div></li>`;
  };
  const others = moves.filter((move) => firsts.get(move.release) !== move);
  const leftOut = new Set(others.slice(releases.length + 10));
  const shownMoves = moves.filter((move) => !leftOut.has(move));
  return [
    ...shownMoves.map((move) =>
      item(
        move.at,
        changeText(move, shown),
        firsts.get(move.release) === move ? byName.get(move.release ?? '') : undefined,
      ),
    ),
    ...releases
      .filter(({ release }) => !firsts.has(release))
      .map((release) => item(release.publishedAt, releaseName(release), release)),
    ...(leftOut.size > 0
      ? [`<li><span></span><p class="dim">${leftOut.size} more changes are in the JSON.</p></li>`]
      : []),
  ];
}

interface ChannelPage {
  readonly document: ChannelDocument;
  readonly moves: (releases: readonly ReadableRelease[]) => readonly ReadableChange[];
  readonly after: string | undefined;
  readonly snippets: readonly Snippet[];
  readonly now: number;
}

/** What the first page of a channel has before the history. */
function channelHead(
  { homepage, description, aliases = [], latest }: ChannelDocument,
  snippets: readonly Snippet[],
  now: number,
): string[] {
  const facts = latest === null ? [] : factRows(latest).filter(([name]) => name !== 'source');
  return [
    description === undefined ? '' : `<p class="lead">${prose(description)}</p>`,
    homepage === undefined ? '' : `<p>${outerLink(homepage, homepage)}</p>`,
    aliases.length === 0 ? '' : `<p class="dim">Other names: ${aliases.map(prose).join(', ')}</p>`,
    latest === null
      ? `<p>No release is published at present.</p>`
      : factsLine(
          `<span>Latest release: ${releaseName(latest)}</span>`,
          ageText(latest.publishedAt, now),
          revText(latest),
          sizeText(latest),
        ),
    snippets.length === 0 ? '' : '<h2>Use it</h2>',
    ...snippets.map(({ use, text }) => `<h3>${useHeadings[use]}</h3>\n${pasteBlock(use, text)}`),
    facts.length === 0
      ? ''
      : `<h2>About this release</h2>\n<dl>${facts
          .map(
            ([name, value]) =>
              `<dt>${name}</dt><dd><code>${name === 'rev' ? outerLink(latest?.revUrl, value) : escapeHtml(value)}</code></dd>`,
          )
          .join('\n')}</dl>`,
  ];
}

export function channelPage(base: string, { document, moves, after, snippets, now }: ChannelPage): string {
  const { channel, latest, releases, next } = document;
  const address = addressOf(base, channel);
  return fitting(Math.max(1, releases.length), (rows) => {
    const some = releases.slice(0, rows);
    const items = historyItems(some, moves(some), latest?.release);
    return page({
      base,
      title: channel,
      main: [
        ...(after === undefined ? channelHead(document, snippets, now) : []),
        items.length === 0
          ? ''
          : `<h2>${after === undefined ? 'History' : 'Earlier history'}</h2>\n<ol>\n${items.join('\n')}\n</ol>`,
        pagesNav(address, { after, next: rows < releases.length ? some.at(-1)?.release : next }, ['Newest', 'Older']),
      ]
        .filter((part) => part !== '')
        .join('\n'),
      canonical: `${address}${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`,
      alternates: [
        { type: 'application/json', url: `${address}.json`, name: 'JSON' },
        { type: 'application/atom+xml', url: `${address}/feed.atom`, name: 'Atom feed' },
      ],
    });
  });
}
