import type { ChannelDocument, IndexDocument, ReadableRelease } from '../../../lib/api/reading.ts';
import { escapeControls } from '../../../lib/domain/names.ts';
import type { Snippet } from '../../../lib/domain/snippets.ts';
import { escapeHtml, page } from './html.ts';
import { ageOf, changeText, dayOf, factRows, privateNote, stateText, useHeadings } from './text.ts';

const addressOf = (base: string, channel: string): string => `${base}/channel/${encodeURIComponent(channel)}`;

const link = (url: string, text: string): string => `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`;

/** A time with its age; the whole time is in the attribute. */
const timeCell = (time: string | undefined, now: number): string => {
  if (time === undefined || Number.isNaN(Date.parse(time))) return '';
  const iso = new Date(time).toISOString();
  return `<time datetime="${iso}">${dayOf(iso)}</time> <span class="dim">${ageOf(iso, now)}</span>`;
};

const shortRev = (release: ReadableRelease | null): string =>
  release?.rev === undefined ? '' : `<code>${release.rev.slice(0, 12)}</code>`;

const row = (...cells: readonly string[]): string =>
  `<tr>${cells.map((cell, index) => (index === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`;

const tableOf = (headings: readonly string[], rows: readonly string[]): string =>
  `<table><thead><tr>${headings.map((heading) => `<th scope="col">${heading}</th>`).join('')}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;

const nextLink = (address: string, next: string | undefined): string =>
  next === undefined ? '' : `<p>${link(`${address}?after=${encodeURIComponent(next)}`, 'More')}</p>`;

/** @param snippetOf the line to paste for a channel, where there is one */
export function indexPage(
  base: string,
  { channels, access, next }: IndexDocument,
  snippetOf: (channel: string) => Snippet | undefined,
  now: number,
): string {
  const rows = channels.map(({ channel, state, latest }) => {
    const name = state === 'removed' ? escapeHtml(channel) : link(addressOf(base, channel), channel);
    const snippet = snippetOf(channel);
    const paste =
      snippet === undefined
        ? ''
        : `<pre data-use="${escapeHtml(`${snippet.use} ${channel}`)}">${escapeHtml(snippet.text)}</pre>`;
    const release = latest === null ? `<span class="dim">${stateText[state]}</span>` : escapeHtml(latest.release);
    return row(name, `${release} ${shortRev(latest)}${paste}`, timeCell(latest?.publishedAt, now));
  });
  const main = [
    rows.length === 0
      ? '<p>There are no channels that you may read.</p>'
      : tableOf(['Channel', 'Latest release', 'Published'], rows),
    nextLink(`${base}/`, next),
    access === 'public' ? `<p class="dim">${escapeHtml(privateNote(base))}</p>` : '',
  ].join('\n');
  return page({ title: 'Nix channels', main, alternates: [{ type: 'application/json', url: `${base}/index.json` }] });
}

const releaseRow = ({ release, url, publishedAt, yanked }: ReadableRelease, now: number): string => {
  const reason = yanked?.reason === undefined ? '' : `: ${escapeControls(yanked.reason)}`;
  return row(
    url === undefined ? escapeHtml(release) : link(url, release),
    timeCell(publishedAt, now),
    yanked === undefined ? '' : `yanked${escapeHtml(reason)}`,
  );
};

export function channelPage(
  base: string,
  document: ChannelDocument,
  snippets: readonly Snippet[],
  now: number,
): string {
  const { channel, latest, releases, history, next } = document;
  const address = addressOf(base, channel);
  const facts = latest === null ? [] : factRows(latest);
  const main = [
    latest === null
      ? '<p>No release is published at present.</p>'
      : `<p>Latest release: ${latest.url === undefined ? escapeHtml(latest.release) : link(latest.url, latest.release)}</p>`,
    ...snippets.map(
      ({ use, text }) => `<h2>${useHeadings[use]}</h2>\n<pre data-use="${use}">${escapeHtml(text)}</pre>`,
    ),
    facts.length === 0
      ? ''
      : `<h2>Facts</h2>\n<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd><code>${escapeHtml(value)}</code></dd>`).join('\n')}</dl>`,
    history.length === 0
      ? ''
      : `<h2>History</h2>\n${tableOf(
          ['Time', 'Change'],
          history.map((change) => row(timeCell(change.at, now), escapeHtml(changeText(change)))),
        )}`,
    releases.length === 0
      ? ''
      : `<h2>Releases</h2>\n${tableOf(
          ['Release', 'Published', 'State'],
          releases.map((release) => releaseRow(release, now)),
        )}`,
    nextLink(address, next),
    `<p>${link(`${base}/`, 'All channels')} · ${link(`${address}.json`, 'JSON')} · ${link(`${address}/feed.atom`, 'Feed')}</p>`,
  ]
    .filter((part) => part !== '')
    .join('\n');
  const alternates = [
    { type: 'application/json', url: `${address}.json` },
    { type: 'application/atom+xml', url: `${address}/feed.atom` },
  ];
  return page({ title: channel, main, alternates });
}
