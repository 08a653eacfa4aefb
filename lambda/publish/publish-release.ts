import type { OpenUpload, Published, Rehearsed } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { type Declaration, isUploadId, type Publication } from '../../lib/api/requests.ts';
import type { Catalog } from '../../lib/domain/catalog.ts';
import { quoted } from '../../lib/domain/names.ts';
import { InvalidInput, NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, hasRelease, latestFacts } from '../../lib/domain/record.ts';
import { withLatest } from '../../lib/domain/record-changes.ts';
import { factsToMetadata, isSameTree, planParts } from '../../lib/domain/release.ts';
import { isRetired } from '../../lib/domain/retirement.ts';
import type { BucketWriter, StoredObject } from '../../lib/store/write/bucket-writer.ts';
import { operationUsed } from './change-record.ts';
import { compareAndSwap, liveRecordDocument, loadChannel, loadOthers } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';
import {
  assertNotOlder,
  assertNotRetired,
  assertNotYanked,
  assertReleaseOf,
  assertSameBytes,
  factsOf,
  keepFacts,
  publishedBefore,
} from './release-rules.ts';
import {
  formatUploadState,
  isAsDeclared,
  parseUploadState,
  signParts,
  type UploadState,
  uploadGone,
  uploadStateKey,
} from './upload-parts.ts';

type Options = Pick<PublishOptions, 'bucket' | 'presign' | 'baseUrl' | 'partChecksum'>;

/**
 * Refuses a release that cannot be published before any of its bytes are sent. Otherwise opens an upload, which has no parts where
 * the bytes are already in the bucket.
 */
export async function openUpload(
  options: Options,
  channel: string,
  declaration: Declaration,
): Promise<Published | OpenUpload | Rehearsed> {
  const { bucket, baseUrl, partChecksum } = options;
  const { catalog, record } = await loadChannel(bucket, channel);
  const { operation, release, fileExtension, size, sha256, partSha256s, partMd5s, md5, facts, archive } = declaration;
  const { packed, force, dryRun } = declaration;
  if (!hasRelease(record, release)) assertReleaseOf(channel, release, catalog);
  if (fileExtension !== undefined && fileExtension !== record.fileExtension)
    throw new InvalidInput(
      'fileExtension',
      `The channel "${channel}" takes files that end in "${record.fileExtension}".`,
    );
  assertNotYanked(record, release);
  assertNotRetired(record, release);
  const key = release + record.fileExtension;
  const object = await bucket.head(key);
  const owner = hasRelease(record, release) ? undefined : channel;
  if (object !== undefined) assertSameBytes(object, owner, { ...declaration, key });
  if (object === undefined) assertBytesOfRecord(record, declaration);
  if (object === undefined && !hasRelease(record, release)) await assertUnused(options, channel, key, catalog);
  const published = publishedBefore(record, { channel, release, operation }, baseUrl);
  if (published !== undefined && object !== undefined) return published;
  if (published === undefined) assertNotOlder(record, facts.lastModified, force);

  if (dryRun) return { status: 'rehearsed', channel, release };

  if (object === undefined && partChecksum === 'md5' && partMd5s === undefined)
    throw new Conflict('part-md5s-needed', "The bucket's store verifies parts by MD5: also declare partMd5s.");
  const stateKey = uploadStateKey(channel, operation);
  const uploadId = object === undefined ? await bucket.openUpload(key, factsToMetadata(facts, channel)) : null;
  const state: UploadState = {
    upload: operation,
    key,
    release,
    uploadId,
    size,
    sha256,
    partSha256s,
    facts,
    packed,
    ...(partChecksum === 'md5' && partMd5s !== undefined ? { partMd5s } : {}),
    ...(md5 === undefined ? {} : { md5 }),
    ...(archive === undefined ? {} : { archive }),
  };
  if ((await bucket.writeText(stateKey, formatUploadState(state), 'if-absent')) === 'written')
    return signParts(options, state, 0);
  // This run is a repeat, or the request was sent twice: the upload of the first one counts.
  const kept = await loadUpload(options, channel, operation);
  if (uploadId !== null && kept.uploadId !== uploadId) await bucket.abortUpload(key, uploadId);
  if (kept.key !== key || kept.sha256 !== sha256) throw operationUsed(operation);
  return signParts(options, kept, 0);
}

/**
 * A name is never used again, even where the object was removed after a retirement or a takedown. A release whose name begins with
 * the channel's name can only be one of a channel with a shorter name, from a time when this channel was not there yet: `nixos` had
 * `nixos-25.05-1`. For any other name all other records are looked at.
 */
async function assertUnused(options: Options, channel: string, key: string, catalog: Catalog): Promise<void> {
  const isOwn = key.startsWith(`${channel}-`);
  const others = await loadOthers(options, channel, {
    counts: (name) => !isOwn || key.startsWith(`${name}-`),
    catalog,
  });
  const [owner] =
    others.find(([, record]) => {
      const release = key.slice(0, -record.fileExtension.length);
      return key.endsWith(record.fileExtension) && (hasRelease(record, release) || isRetired(record, release));
    }) ?? [];
  if (owner !== undefined)
    throw new Conflict(
      'other-channel',
      `The release "${key}" is or was one of the channel "${owner}": choose another name.`,
    );
}

/** A lost object of the latest release can be uploaded again only with the bytes that the record knows. */
function assertBytesOfRecord(record: ChannelRecord, { release, sha256, packed, facts }: Declaration): void {
  const known = record.facts?.release === release ? record.facts : undefined;
  if (known?.sha256 === undefined || known.sha256 === sha256) return;
  if (!(packed && isSameTree(known, facts)))
    throw new Conflict(
      'other-bytes',
      `The release "${release}" was published with other bytes, and a release never changes: choose another name.`,
    );
}

export async function loadUpload(
  { bucket }: Pick<Options, 'bucket'>,
  channel: string,
  upload: string,
): Promise<UploadState> {
  const found = isUploadId(upload) ? await bucket.readText(uploadStateKey(channel, upload)) : undefined;
  if (found === undefined)
    throw new NotFound(`The channel "${channel}" has no upload ${quoted(upload)}: publish again.`);
  return parseUploadState(found.text);
}

type Bucket = Pick<BucketWriter, 'listParts' | 'completeUpload' | 'abortUpload' | 'head'>;

/** Joins the parts, unless the object already exists. Throws where a part is missing or differs from its declaration. */
async function join(bucket: Bucket, state: UploadState, uploadId: string): Promise<void> {
  const { key, size, partSha256s, partMd5s } = state;
  const stored = await bucket.listParts(key, uploadId);
  if (stored === undefined) return;
  const { count } = planParts(size);
  const wrong = stored.find((part) => !isAsDeclared(part, state));
  if (wrong !== undefined)
    throw new Conflict(
      'part-differs',
      `Part ${wrong.partNumber} of "${key}" differs from its declaration: publish again.`,
    );
  if (stored.length !== count)
    throw new Conflict(
      'parts-missing',
      `${count - stored.length} of ${count} parts of "${key}" have not arrived: send them first.`,
    );
  const parts = stored.map(({ partNumber, etag }) => ({
    partNumber,
    etag,
    sha256: partMd5s === undefined ? partSha256s[partNumber - 1] : undefined,
  }));
  const completion = await bucket.completeUpload(key, uploadId, parts, size);
  // The object exists: the parts of this upload are no longer needed.
  if (completion === 'taken') await bucket.abortUpload(key, uploadId);
  // After a 409 on a completion S3 requires a new upload (AWS, "CompleteMultipartUpload", ConditionalRequestConflict).
  if (completion === 'conflict') throw uploadGone();
}

/**
 * Afterwards the bucket has the object with the declared bytes, from this run or from an identical one.
 * @param channel the required owner; undefined where the channel's record already has the release
 */
async function completeUpload(bucket: Bucket, channel: string | undefined, state: UploadState): Promise<StoredObject> {
  if (state.uploadId !== null) await join(bucket, state, state.uploadId);
  const object = await bucket.head(state.key);
  if (object === undefined) throw uploadGone();
  assertSameBytes(object, channel, state);
  return object;
}

/**
 * Completes an upload and makes its release the latest. The record's conditional write is the moment of publication. Every call
 * before it can be repeated; after it a repeat finds the operation's ID in the history.
 */
export async function publishRelease(
  options: PublishOptions,
  channel: string,
  request: Publication,
  by: string,
): Promise<Published> {
  const { bucket, baseUrl, log, meter } = options;
  const { operation, upload, force = false } = request;
  const { catalog, record: before } = await loadChannel(bucket, channel);
  const state = await loadUpload(options, channel, upload);
  const { release, facts: declared, archive } = state;
  const identity = { channel, release, operation };

  /** The answer where nothing is to be done. Throws where the release may not become the latest. */
  const settle = (record: ChannelRecord): Published | undefined => {
    const published = publishedBefore(record, identity, baseUrl);
    if (published?.fresh) return published;
    assertNotYanked(record, release);
    assertNotRetired(record, release);
    if (published === undefined) assertNotOlder(record, declared.lastModified, force);
    return published;
  };

  const earlier = settle(before);
  if (earlier?.fresh) return earlier;
  if (earlier === undefined) assertReleaseOf(channel, release, catalog);
  let from: string | undefined;
  let moved: ChannelRecord | undefined;
  const object = await completeUpload(bucket, hasRelease(before, release) ? undefined : channel, state);
  const facts = factsOf(release, object);
  const published = await compareAndSwap(options, liveRecordDocument(channel), {
    decide: (record): { answer: Published; next?: ChannelRecord } => {
      moved = undefined;
      const settled = settle(record);
      if (settled !== undefined) return { answer: settled };
      from = record.latest;
      const next = withLatest(record, { action: 'publish', facts, archive }, authorOf(options, operation, by));
      moved = next;
      const answer = publishedBefore(next, identity, baseUrl) as Published;
      const replaced = latestFacts(record);
      const same = replaced !== undefined && replaced.sha256 !== undefined && replaced.sha256 === facts.sha256;
      return { answer: same ? { ...answer, sameAs: replaced.release } : answer, next };
    },
  });
  if (moved !== undefined) meter({ Publishes: 1, PublishedBytes: object.size });
  log('info', 'published', { ...identity, by, from, fresh: published.fresh, latest: published.latest });
  if (moved !== undefined) await keepFacts(options, channel, moved);
  return published;
}
