import { Conflict } from '../../lib/api/problem.ts';
import type { Catalog } from '../../lib/domain/catalog.ts';
import { assertReleaseName, ownerByName } from '../../lib/domain/names.ts';
import { type ChannelRecord, changeOf, hasRelease, latestFacts, resolvedRelease } from '../../lib/domain/record.ts';
import { type Snippet, snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';

/** What a publisher is told of a release that is published. */
export interface Published {
  readonly status: 'published';
  readonly channel: string;
  readonly release: string;
  /** Whether this very operation published it, rather than an earlier one. */
  readonly fresh: boolean;
  /** Whether the channel leads to it now. */
  readonly latest: boolean;
  /** What the channel leads to now. */
  readonly latestRelease: string | null;
  /** The latest before, where it has the very same bytes. */
  readonly sameAs?: string;
  readonly channelUrl: string;
  readonly permanentUrl: string;
  /** How readers use it; none where the channel leads to another release. Absent where the service is older than the command. */
  readonly snippets?: readonly Snippet[];
}

export interface Publication {
  readonly channel: string;
  readonly release: string;
  readonly operation: string;
}

export function assertReleaseOf(channel: string, release: string, { channels, removed }: Catalog): void {
  assertReleaseName(release);
  const owner = ownerByName(release, channel, [...channels, ...removed]);
  if (owner !== undefined)
    throw new Conflict(
      'other-channel',
      `The release name "${release}" begins with "${owner}-", which is the channel "${owner}": choose another name.`,
    );
}

/** Throws when the release is older than the latest; both times must be known. */
export function assertNotOlder(record: ChannelRecord, lastModified: number | undefined, force: boolean): void {
  const newest = latestFacts(record)?.lastModified;
  if (force || lastModified === undefined || newest === undefined || lastModified >= newest) return;
  const date = (seconds: number): string => new Date(seconds * 1_000).toISOString();
  throw new Conflict(
    'older',
    `This release (${date(lastModified)}) is older than the latest, "${record.latest}" (${date(newest)}). Nothing was changed; --force publishes it all the same.`,
  );
}

/** The answer where there is nothing to do: this operation was done before, or the release is in the record. */
export function publishedBefore(
  record: ChannelRecord,
  publication: Publication,
  baseUrl: string,
): Published | undefined {
  const { channel, release, operation } = publication;
  const change = changeOf(record, operation);
  const repeated = change?.action === 'publish' && change.release === release;
  if (!repeated && !hasRelease(record, release)) return undefined;
  const latest = record.latest === release;
  return {
    status: 'published',
    channel,
    release,
    fresh: repeated,
    latest,
    latestRelease: resolvedRelease(record) ?? null,
    channelUrl: channelUrl(baseUrl, channel, record.fileExtension),
    permanentUrl: permanentUrl(baseUrl, release + record.fileExtension),
    snippets: latest ? snippetsOf(baseUrl, channel, record) : [],
  };
}

export function assertNotYanked(record: ChannelRecord, release: string): void {
  if (Object.hasOwn(record.yanked, release))
    throw new Conflict(
      'yanked',
      `The release "${release}" was yanked from this channel: publish another one under another name.`,
    );
}
