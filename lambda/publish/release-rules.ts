import type { Published } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { Catalog } from '../../lib/domain/catalog.ts';
import { assertReleaseName, ownerByName } from '../../lib/domain/names.ts';
import {
  type ChannelRecord,
  changeOf,
  hasRelease,
  type LatestFacts,
  latestFacts,
  resolvedRelease,
} from '../../lib/domain/record.ts';
import { factsFromMetadata, isSameTree, type ReleaseFacts } from '../../lib/domain/release.ts';
import { snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import type { BucketWriter, StoredObject } from '../../lib/store/write/bucket-writer.ts';

interface Publication {
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

interface DeclaredBytes {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5?: string | undefined;
  /** Made from a directory: the same tree at the same time is the same release, however it was compressed. */
  readonly packed?: boolean;
  readonly facts: ReleaseFacts;
}

/**
 * Throws unless the object in the bucket has the declared bytes and is the channel's own, where a channel is given. An object without our metadata
 * belongs to whoever published it with other tools; its entity tag is the MD5 when it was sent in one piece unencrypted.
 */
export function assertSameBytes(object: StoredObject, channel: string | undefined, declared: DeclaredBytes): void {
  const { key, size, sha256, md5, packed = false, facts } = declared;
  const { channel: owner, sha256: known } = object.metadata;
  if (owner !== undefined && channel !== undefined && owner !== channel)
    throw new Conflict('other-channel', `The release "${key}" belongs to the channel "${owner}": choose another name.`);
  const other = () =>
    new Conflict(
      'other-bytes',
      `The release "${key}" is in the bucket with other bytes: a release never changes, choose another name.`,
    );
  if (packed && isSameTree(factsFromMetadata(object.metadata), facts)) return;
  if (object.size !== size) throw other();
  if (known !== undefined) {
    if (known !== sha256) throw other();
    return;
  }
  const etag = object.etag.replaceAll('"', '');
  if (!/^[0-9a-f]{32}$/.test(etag))
    throw new Conflict(
      'undecidable',
      `The release "${key}" is in the bucket with the same size, but nothing there tells whether its bytes are the same: choose another name.`,
    );
  if (md5 === undefined)
    throw new Conflict(
      'md5-needed',
      `The release "${key}" is in the bucket without a SHA-256: declare the MD5 of the file to compare.`,
    );
  if (etag !== md5) throw other();
}

/** The record's facts of a release are copied from its object, where the opening of its upload put them. */
export const factsOf = (release: string, object: StoredObject): LatestFacts => ({
  release,
  etag: object.etag,
  ...factsFromMetadata(object.metadata),
});

/** Undefined when the bucket has no such object. */
export async function latestFactsOf(
  bucket: Pick<BucketWriter, 'head'>,
  release: string,
  fileExtension: string,
): Promise<LatestFacts | undefined> {
  const object = await bucket.head(release + fileExtension);
  return object === undefined ? undefined : factsOf(release, object);
}

/** Of the first of these releases whose object is there. */
export async function firstFactsOf(
  bucket: Pick<BucketWriter, 'head'>,
  releases: readonly string[],
  fileExtension: string,
): Promise<LatestFacts | undefined> {
  for (const release of releases) {
    const facts = await latestFactsOf(bucket, release, fileExtension);
    if (facts !== undefined) return facts;
  }
  return undefined;
}
