import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { channelPage, indexPage } from '../../../../lambda/serve/documents/pages.ts';
import { changeText, channelText, withdrawnText } from '../../../../lambda/serve/documents/text.ts';
import type { ChannelDocument, IndexDocument, ReadableChange, ReadableRelease } from '../../../../lib/api/reading.ts';
import { channelDocument, demoChannel, demoIndex } from '../../../picture/reading-demo.ts';
import { anyText } from '../../../support/any-text.ts';

const base = 'https://nix.example.org';
const now = Date.parse('2026-05-18T09:00:00Z');
const longName = (index: number): string => `channel-${index}-${'n'.repeat(100)}`;
const reason = `<${'&"'.repeat(240)}>`;

const releaseOf = (release: string): ReadableRelease => ({
  release,
  url: `${base}/permanent/${release}.tar.xz`,
  publishedAt: '2026-05-16T02:10:00.000Z',
  rev: '0a'.repeat(20),
  revUrl: `https://github.com/NixOS/nixpkgs/commit/${'0a'.repeat(20)}`,
  revCount: 799_016,
  lastModified: 1_778_889_600,
  narHash: `sha256-${'N'.repeat(43)}=`,
  sha256: '0b'.repeat(32),
  size: 25_497_520,
});

const channelOf = (channel: string): IndexDocument['channels'][number] => ({
  channel,
  state: 'served',
  url: `${base}/channel/${channel}.tar.xz`,
  description: reason,
  latest: releaseOf(`${channel}-1`),
});

const indexOf = (channels: IndexDocument['channels'], after?: string, next?: string): string =>
  indexPage(base, {
    index: { access: 'public', channels, ...(next === undefined ? {} : { next }) },
    after,
    snippetOf: (channel) => ({ use: 'flake input', text: `inputs.x.url = "${base}/channel/${channel}.tar.xz";` }),
    now,
  });

function pageOf(document: Partial<ChannelDocument>, history: readonly ReadableChange[] = [], after?: string): string {
  const [latest = null] = document.releases ?? [];
  return channelPage(base, {
    document: {
      channel: 'demo',
      state: 'served',
      extension: '.tar.xz',
      latest,
      releases: [],
      history,
      ...document,
    },
    moves: (releases) => history.filter(({ release }) => releases.some((one) => one.release === release)),
    after,
    snippets: [{ use: 'npins', text: 'npins add' }],
    now,
  });
}

const nextOf = (page: string): string | undefined => {
  const [, next] = /\?after=([^"]*)" rel="next"/.exec(page) ?? [];
  return next === undefined ? undefined : decodeURIComponent(next);
};

describe('a page', () => {
  it('stays below 20 KB with 50 channels that have every fact, and leads to those that did not fit', () => {
    const channels = Array.from({ length: 50 }, (_, index) => channelOf(longName(index + 10)));
    const seen: string[] = [];
    let left = channels;
    let after: string | undefined;
    while (left.length > 0) {
      const page = indexOf(left, after);
      expect(Buffer.byteLength(page)).toBeLessThan(20_480);
      after = nextOf(page);
      const end = after === undefined ? left.length : left.findIndex(({ channel }) => channel === after) + 1;
      for (const { channel } of left.slice(0, end)) expect(page).toContain(`>${channel}</a>`);
      seen.push(...left.slice(0, end).map(({ channel }) => channel));
      left = left.slice(end);
    }
    expect(seen).toEqual(channels.map(({ channel }) => channel));
  });

  it('stays below 20 KB with 50 releases that have every fact and every kind of move', () => {
    const releases = Array.from({ length: 50 }, (_, index) => releaseOf(`demo-${longName(99 - index)}`));
    const history = releases.flatMap(({ release }) =>
      ['unyank', 'yank', 'rollback', 'promote', 'publish'].map((action) => ({
        action,
        at: '2026-05-16T02:10:00.000Z',
        release,
        reason,
      })),
    );
    let left = releases;
    for (let pages = 0; left.length > 0; pages += 1) {
      const page = pageOf({ releases: left, latest: releases[0] ?? null, description: reason }, history);
      expect(Buffer.byteLength(page)).toBeLessThan(20_480);
      const next = nextOf(page);
      const end = next === undefined ? left.length : left.findIndex(({ release }) => release === next) + 1;
      for (const { release } of left.slice(0, end)) expect(page).toContain(`>${release}</a>`);
      left = left.slice(end);
      expect(pages).toBeLessThan(50);
    }
  });

  it('leads on to older releases and back to the newest ones', () => {
    const newest = pageOf({ releases: [releaseOf('demo-2')], next: 'demo-2' });
    expect(newest).toContain(`<a href="${base}/channel/demo?after=demo-2" rel="next">Older</a>`);
    expect(newest).not.toContain('Newest');
    const older = pageOf({ releases: [releaseOf('demo-1')] }, [], 'demo-2');
    expect(older).toContain(`<a href="${base}/channel/demo" rel="first">Newest</a>`);
    expect(older).toContain(`<link rel="canonical" href="${base}/channel/demo?after=demo-2">`);
    expect(older).not.toContain('Older');
    expect(older).not.toContain('<pre');
  });

  it('tells channels apart that are served, empty, removed and unreadable', () => {
    const states = (['empty', 'removed', 'unreadable'] as const).map((state) => ({
      channel: state,
      state,
      latest: null,
    }));
    const page = indexOf(states);
    expect(page).toContain(`>empty</a> <span class="tag">empty</span></h2><p class="dim">No release is published`);
    expect(page).toContain('<h2>removed <span class="tag">removed</span></h2><p class="dim">Releases that were locked');
    expect(page).toContain(`<span class="tag warn">unreadable</span></h2><p class="dim">Its record cannot be read`);
    expect(indexOf([channelOf('demo')])).not.toContain('class="tag"');
  });

  it('has the release, its age, its rev and its size, with the rev linked to its source', () => {
    const page = indexOf([channelOf('demo')]);
    const rev = '0a'.repeat(20);
    expect(page).toContain('<span>demo-1</span> <time datetime="2026-05-16T02:10:00.000Z">2 days ago</time>');
    expect(page).toContain(
      `<code><a href="https://github.com/NixOS/nixpkgs/commit/${rev}" rel="noreferrer">0a0a0a0a0a0a</a></code>`,
    );
    expect(page).toContain('<span class="dim">24.3 MiB</span>');
  });

  it('links only to http and https', () => {
    for (const url of ['javascript:alert(1)', 'data:text/html,x', 'no address', '//host/x', 'ftp://host/x']) {
      const page = pageOf({ releases: [{ ...releaseOf('demo-1'), revUrl: url }], homepage: url });
      expect(page).toContain('<dd><code>0a0a');
      expect(page).not.toMatch(/href="(?!https:|data:image\/svg)/);
    }
    expect(pageOf({ homepage: 'http://host/"x' })).toContain(
      '<a href="http://host/%22x" rel="noreferrer">http://host/&#34;x</a>',
    );
  });

  it('says of a release that is yanked or retired when and why, and has no link to it', () => {
    const { url: _, ...release } = releaseOf('demo-1');
    const at = '2026-05-10T00:00:00.000Z';
    const until = '2026-05-24T00:00:00.000Z';
    const yanked = { ...release, yanked: { reason: 'it does not boot.', at } };
    const retired = { ...release, retired: { reason: 'too old', at, until, instead: 'demo-9' } };
    expect(withdrawnText(yanked)).toBe('yanked on 2026-05-10, because it does not boot');
    expect(withdrawnText(retired)).toBe('retired on 2026-05-10, because too old; use demo-9 instead');
    expect(withdrawnText({ ...release, yanked: {} })).toBe('yanked');
    expect(withdrawnText(release)).toBeUndefined();
    for (const one of [yanked, retired]) {
      const page = pageOf({ releases: [one], latest: null });
      expect(page).toContain(`<p class="dim">${withdrawnText(one)}</p>`);
      expect(page).toContain(`<span class="tag warn">${withdrawnText(one)?.slice(0, 6)}`);
      expect(page).not.toContain('>demo-1</a>');
    }
  });

  it('gives the reason of a yank once', () => {
    const { url: _, ...release } = releaseOf('demo-1');
    const yank = { action: 'yank', at: '2026-05-10T00:00:00.000Z', release: 'demo-1', reason: 'it is broken.' };
    const page = pageOf({ releases: [{ ...release, yanked: yank }], latest: null }, [yank]);
    expect(page.match(/it is broken/g)).toHaveLength(1);
  });

  it('stays below 20 KB with everything that it can have', () => {
    for (const page of [demoIndex(), demoChannel()]) expect(Buffer.byteLength(page)).toBeLessThan(20_480);
  });

  it('is well formed and below 20 KB whatever people wrote', () => {
    const text = anyText(600);
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: text, reason: text, source: text, action: text }), { maxLength: 30 }),
        text,
        (moves, prose) => {
          const history = moves.map((move) => ({ ...move, release: 'demo-1' }));
          const page = pageOf(
            { releases: [releaseOf('demo-1')], description: prose, homepage: prose, aliases: [prose] },
            history,
          );
          expect(Buffer.byteLength(page)).toBeLessThan(20_480);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
          expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
          for (const name of ['main', 'ol', 'li', 'p', 'time', 'dl', 'code'])
            expect(page.match(new RegExp(`</${name}>`, 'g'))?.length).toBe(
              page.match(new RegExp(`<${name}[ >]`, 'g'))?.length,
            );
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a change as a sentence', () => {
  it.each([
    [{ action: 'promote', release: 'a-1', source: 'b' }, 'promoted a-1 from b'],
    [{ action: 'rollback', release: 'a-1', from: 'a-2' }, 'rolled back to a-1 from a-2'],
    [{ action: 'yank', release: 'a-2', to: 'a-1', reason: 'it is slow.' }, 'yanked a-2: it is slow; the latest is a-1'],
    [{ action: 'unyank', release: 'a-2' }, 'took back the yank of a-2'],
    [{ action: 'retire', release: 'a-0', reason: 'old' }, 'retired a-0: old'],
    [{ action: 'mend', release: 'a-0' }, 'mend a-0'],
  ])('%j', (change, sentence) => {
    expect(changeText({ at: '', ...change })).toBe(sentence);
  });
});

describe('the text about a channel', () => {
  it('has what people say of it, and why releases are gone', () => {
    const text = channelText(base, channelDocument, []);
    expect(text).toContain(
      [
        'nixos-25.11',
        'NixOS 25.11 with the patches of the platform team, built each night.',
        'Homepage: https://git.example.org/platform/nixpkgs',
        'Other names: nixos-stable',
        'Latest release: nixos-25.11-2026-05-16\n',
      ].join('\n'),
    );
    expect(text).toContain('  source: https://github.com/NixOS/nixpkgs/commit/');
    expect(text).toContain(
      '  nixos-25.11-2026-05-14  yanked on 2026-05-14, because The kernel of this release does not boot on aarch64\n',
    );
    expect(text).toContain(
      '  nixos-25.11-2026-04-02  retired on 2026-05-10, because older than 30 days; use nixos-25.11-2026-05-16 instead\n',
    );
  });

  it('has no control characters, whatever people wrote', () => {
    const hostile = '\u001b[31m\u202e';
    const document = { ...channelDocument, description: hostile, homepage: hostile, aliases: [hostile] };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(channelText(base, document, [])).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e]/);
  });
});
