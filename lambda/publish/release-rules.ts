import type { Published } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { Catalog } from '../../lib/domain/catalog.ts';
import { assertReleaseName, isReadableName, ownerByName } from '../../lib/domain/names.ts';
import {
  type ChannelRecord,
  changeOf,
  hasRelease,
  type LatestFacts,
  latestFacts,
  resolvedRelease,
} from '../../lib/domain/record.ts';
import {
  type ChannelFacts,
  factsFromMetadata,
  isSameTree,
  newFacts,
  noFacts,
  type ReleaseFacts,
  type StoredFacts,
} from '../../lib/domain/release.ts';
import { snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import type { BucketWriter, StoredObject } from '../../lib/store/write/bucket-writer.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { describeError } from '../http/log.ts';
import { compareAndSwap, factsDocument } from './documents.ts';
import type { PublishOptions } from './observe-publish.ts';

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

export function assertNotRetired(record: ChannelRecord, release: string): void {
  if (Object.hasOwn(record.retired, release))
    throw new Conflict(
      'retired',
      `The release "${release}" was retired from this channel, which never points to it again: use another release, or publish under another name.`,
    );
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

/** What is kept of an object. The entity tag says whose facts they are. */
export const storedFacts = ({ etag, size, metadata }: StoredObject): StoredFacts => ({
  etag,
  size,
  ...factsFromMetadata(metadata),
});

/** The facts of a release are copied from its object's metadata, which was set when its upload was opened. */
export const factsOf = (release: string, object: StoredObject): LatestFacts => ({
  release,
  ...storedFacts(object),
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

/** After a publication nobody should wait long for a copy. */
const keepTimeoutMs = 3_000;
/** Objects that one publication asks for, where the document lacks releases. The doctor asks for the rest. */
const maxLacking = 32;

/** What the bucket says of the newest releases that the document lacks, as far as it answers. */
async function lackingFacts(
  { head }: Pick<BucketWriter, 'head'>,
  { latest, previous, fileExtension }: ChannelRecord,
  known: ChannelFacts,
): Promise<ChannelFacts> {
  const lacking = [...previous, ...(latest === undefined ? [] : [latest])]
    .filter((release) => !known.has(release) && isReadableName(release))
    .slice(-maxLacking);
  const found = await mapLimit(lacking, maxConcurrentRequests, async (release) => {
    const object = await head(release + fileExtension).catch(() => undefined);
    return object === undefined ? [] : [[release, storedFacts(object)] as const];
  });
  return new Map(found.flat());
}

/**
 * Adds a record's latest release, and some that an earlier publication failed to add, to the facts of the channel's releases. The
 * release is already published, and nothing relies on this copy, so a failure is only logged: the next publication or the doctor
 * adds what is missing.
 */
export async function keepFacts(options: PublishOptions, channel: string, record: ChannelRecord): Promise<void> {
  const { release = '', size, ...facts } = latestFacts(record) ?? { etag: '' };
  const latest: ChannelFacts = size === undefined ? noFacts : new Map([[release, { ...facts, size }]]);
  try {
    await compareAndSwap(options, factsDocument(channel), {
      timeoutMs: keepTimeoutMs,
      decide: async (kept) => {
        const added = newFacts(kept, latest);
        const all: ChannelFacts = new Map([...kept, ...added]);
        const lacking = await lackingFacts(options.bucket, record, all);
        const isChanged = added.size + lacking.size > 0;
        return { answer: undefined, ...(isChanged ? { next: new Map([...all, ...lacking]) } : {}) };
      },
    });
  } catch (error) {
    options.log('warn', 'facts not kept', { channel, error: describeError(error) });
  }
}
