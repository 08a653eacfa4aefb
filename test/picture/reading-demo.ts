import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Unauthorized } from '../../lambda/auth/refusal.ts';
import { contentSecurityPolicy } from '../../lambda/serve/documents/html.ts';
import { channelPage, indexPage } from '../../lambda/serve/documents/pages.ts';
import { problemPage } from '../../lambda/serve/documents/problem-page.ts';
import type { ChannelDocument, IndexDocument, ReadableChange, ReadableRelease } from '../../lib/api/reading.ts';
import { parseRecord } from '../../lib/domain/record.ts';
import { pageSnippetsOf, snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { sha256 } from '../support/memory-bucket.ts';

// Pages in which everything is that a page can have.

export const demoTime = Date.parse('2026-05-18T09:00:00Z');
const base = 'https://nix.example.org';

const releaseOf = (channel: string, day: string, more: Partial<ReadableRelease> = {}): ReadableRelease => {
  const release = `${channel}-${day}`;
  const rev = sha256(release).slice(0, 40);
  return {
    release,
    url: permanentUrl(base, `${release}.tar.xz`),
    publishedAt: `${day}T02:10:00.000Z`,
    rev,
    revCount: 799_000 + Number(day.slice(8)),
    lastModified: Date.parse(`${day}T00:00:00Z`) / 1_000,
    narHash: `sha256-${sha256(release, 'base64')}`,
    sha256: sha256(`${release} file`),
    size: 25_300_000 + Number(day.slice(8)) * 12_345,
    revUrl: `https://github.com/NixOS/nixpkgs/commit/${rev}`,
    ...more,
  };
};

/** Without a URL. */
const withdrawn = (channel: string, day: string, why: Pick<ReadableRelease, 'yanked' | 'retired'>): ReadableRelease => {
  const { url: _, ...release } = releaseOf(channel, day);
  return { ...release, ...why };
};

const recordOf = ({ release, narHash }: ReadableRelease, entries = 1) =>
  parseRecord(
    JSON.stringify({
      latest: release,
      facts: { release, etag: '"e"', narHash },
      archives: { [release]: { flake: true, topLevelEntries: entries } },
    }),
  );

const nixos = 'nixos-25.11';
const latest = releaseOf(nixos, '2026-05-16');
const bad = 'The kernel of this release does not boot on aarch64.';
const releases: readonly ReadableRelease[] = [
  latest,
  releaseOf(nixos, '2026-05-15'),
  withdrawn(nixos, '2026-05-14', { yanked: { reason: bad, at: '2026-05-14T08:30:00.000Z' } }),
  releaseOf(nixos, '2026-05-12'),
  releaseOf(nixos, '2026-05-09'),
  withdrawn(nixos, '2026-04-02', {
    retired: {
      reason: 'older than 30 days',
      at: '2026-05-10T00:00:00.000Z',
      until: '2026-05-24T00:00:00.000Z',
      instead: latest.release,
    },
  }),
];

const publication = ({ release, publishedAt = '' }: ReadableRelease): ReadableChange => ({
  action: 'publish',
  at: publishedAt,
  release,
});

const [, second, third, fourth] = releases as [ReadableRelease, ReadableRelease, ReadableRelease, ReadableRelease];
const history: readonly ReadableChange[] = [
  { action: 'promote', at: latest.publishedAt ?? '', release: latest.release, source: 'nixos-25.11-small' },
  publication(second),
  { action: 'yank', at: '2026-05-14T08:30:00.000Z', release: third.release, to: fourth.release, reason: bad },
  { action: 'rollback', at: '2026-05-14T08:12:00.000Z', release: fourth.release, from: third.release },
  ...releases.slice(2).map(publication),
];

export const channelDocument: ChannelDocument = {
  channel: nixos,
  state: 'served',
  url: channelUrl(base, nixos, '.tar.xz'),
  extension: '.tar.xz',
  description: 'NixOS 25.11 with the patches of the platform team, built each night.',
  homepage: 'https://git.example.org/platform/nixpkgs',
  aliases: ['nixos-stable'],
  latest,
  releases,
  history,
  next: 'nixos-25.11-2026-04-02',
};

const listed = (channel: string, description: string, day: string): IndexDocument['channels'][number] => ({
  channel,
  state: 'served',
  url: channelUrl(base, channel, '.tar.xz'),
  description,
  latest: releaseOf(channel, day),
});

export const channels: IndexDocument['channels'] = [
  listed('home-manager', 'Home Manager for NixOS 25.11.', '2026-05-11'),
  { channel: 'nixos-25.05', state: 'removed', latest: null },
  listed(nixos, channelDocument.description ?? '', '2026-05-16'),
  listed('nixos-25.11-small', 'The same with fewer packages. It moves on as soon as the tests pass.', '2026-05-17'),
  { channel: 'nixos-26.05', state: 'empty', url: channelUrl(base, 'nixos-26.05', '.tar.xz'), latest: null },
  listed('tools', 'Command-line tools of the platform team.', '2026-04-28'),
];

export const demoIndex = (): string =>
  indexPage(base, {
    index: { access: 'open', channels },
    after: undefined,
    snippetOf: (channel) => {
      const release = channels.find((one) => one.channel === channel)?.latest;
      return release ? snippetsOf(base, channel, recordOf(release))[0] : undefined;
    },
    now: demoTime,
  });

export const demoChannel = (): string =>
  channelPage(base, {
    document: channelDocument,
    moves: () => history,
    after: undefined,
    snippets: pageSnippetsOf(base, nixos, recordOf(latest), latest),
    now: demoTime,
  });

/** What a browser shows to a reader without a token. */
const demoRefusal = (): string => problemPage(base, new Unauthorized('no-token'), ['nixos-25.11', 'tools']);

/** Serves the pages as the service does, on a host on which a browser lets them write to the clipboard. */
export async function serveDemo(): Promise<{ readonly origin: string; readonly close: () => void }> {
  const pages: Readonly<Record<string, string>> = {
    index: demoIndex(),
    channel: demoChannel(),
    refusal: demoRefusal(),
  };
  const server = http.createServer(({ url = '' }, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.setHeader('content-security-policy', contentSecurityPolicy);
    answer.end(pages[url.slice(1)]);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
