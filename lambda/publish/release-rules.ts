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

export function assertReleaseOf(channel: string, release: string, { channels, removed }: Catalog): void {
  assertReleaseName(release);
  const owner = ownerByName(release, channel, [...channels, ...removed]);
  if (owner !== undefined)
    throw new Conflict(
      'other-channel',
      `The release name "${release}" begins with "${owner}-", which is the channel "${owner}": choose another name.`,
    );
}

/** Throws where the release is older than the latest, if both times are known. */
export function assertNotOlder(record: ChannelRecord, lastModified: number | undefined, force: boolean): void {
  const latest = latestFacts(record)?.lastModified;
  if (force || lastModified === undefined || latest === undefined || lastModified >= latest) return;
  const date = (seconds: number): string => new Date(seconds * 1_000).toISOString();
  throw new Conflict(
    'older',
    `This release (${date(lastModified)}) is older than the latest, "${record.latest}" (${date(latest)}). Nothing was changed: use --force to publish it anyway.`,
  );
}

interface PublicationIdentity {
  readonly channel: string;
  readonly release: string;
  readonly operation: string;
}

/** The answer where there is nothing to do: this operation is a repeat, or the release is already in the record. */
export function publishedBefore(
  record: ChannelRecord,
  { channel, release, operation }: PublicationIdentity,
  baseUrl: string,
): Published | undefined {
  const change = changeOf(record, operation);
  const isRepeat = change?.action === 'publish' && change.release === release;
  if (!isRepeat && !hasRelease(record, release)) return undefined;
  const latest = record.latest === release;
  return {
    status: 'published',
    channel,
    release,
    fresh: isRepeat,
    latest,
    latestRelease: resolvedRelease(record) ?? null,
    channelUrl: channelUrl(baseUrl, channel, record.fileExtension),
    permanentUrl: permanentUrl(baseUrl, release + record.fileExtension),
    snippets: latest ? snippetsOf(baseUrl, channel, record) : [],
  };
}

export function assertNotYanked(record: ChannelRecord, release: string): void {
  if (Object.hasOwn(record.yanked, release))
    throw new Conflict('yanked', `The release "${release}" was yanked from this channel: publish under another name.`);
}

interface DeclaredBytes {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5?: string | undefined;
  /** Made from a directory: the same tree with the same time is the same release, however it was compressed. */
  readonly packed?: boolean;
  readonly facts: ReleaseFacts;
}

/**
 * Throws unless the object in the bucket has the declared bytes and, where a channel is given, belongs to the channel. An object
 * of another tool has no SHA-256; its entity tag is its MD5 if it was uploaded unencrypted in one piece.
 */
export function assertSameBytes(object: StoredObject, channel: string | undefined, declared: DeclaredBytes): void {
  const { key, size, sha256, md5, packed = false, facts } = declared;
  const { channel: owner, sha256: known } = object.metadata;
  if (owner !== undefined && channel !== undefined && owner !== channel)
    throw new Conflict('other-channel', `The release "${key}" belongs to the channel "${owner}": choose another name.`);
  const otherBytes = () =>
    new Conflict(
      'other-bytes',
      `The bucket already has "${key}" with other bytes, and a release never changes: choose another name.`,
    );
  if (packed && isSameTree(factsFromMetadata(object.metadata), facts)) return;
  if (object.size !== size) throw otherBytes();
  if (known !== undefined) {
    if (known !== sha256) throw otherBytes();
    return;
  }
  const etag = object.etag.replaceAll('"', '');
  if (!/^[0-9a-f]{32}$/.test(etag))
    throw new Conflict(
      'undecidable',
      `The bucket already has "${key}" with the same size, but without a checksum to compare its bytes by: choose another name.`,
    );
  if (md5 === undefined)
    throw new Conflict(
      'md5-needed',
      `The bucket already has "${key}" without a SHA-256: declare the MD5 of the file to compare.`,
    );
  if (etag !== md5) throw otherBytes();
}

/** The facts of a release are copied from its object's metadata, which was set when its upload was opened. */
export const factsOf = (release: string, object: StoredObject): LatestFacts => ({
  release,
  etag: object.etag,
  ...factsFromMetadata(object.metadata),
});

/** Undefined where the bucket has no such object. */
export async function latestFactsOf(
  bucket: Pick<BucketWriter, 'head'>,
  release: string,
  fileExtension: string,
): Promise<LatestFacts | undefined> {
  const object = await bucket.head(release + fileExtension);
  return object === undefined ? undefined : factsOf(release, object);
}

/** The facts of the first release that has an object. */
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
