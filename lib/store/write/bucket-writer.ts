import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { catalogKey } from '../../domain/catalog.ts';
import { type PartChecksum, releaseTag, retiredTag } from '../../domain/store.ts';
import { type BucketListings, bucketListings } from './bucket-listings.ts';
import { answerOf, required, statusOf, unavailable } from './s3-requests.ts';

export interface StoredObject {
  readonly etag: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentEncoding?: string;
  /** Milliseconds since 1970. */
  readonly changedAt?: number;
}

export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  /** Base64; absent where the store does not list it. */
  readonly sha256: string | undefined;
}

interface PartToJoin {
  readonly partNumber: number;
  readonly etag: string;
  /** Base64; undefined where parts are checked by their MD5, which is the entity tag. */
  readonly sha256: string | undefined;
}

/** A write replaces exactly what was read, or creates what does not exist. */
type Condition = { readonly ifMatch: string } | 'if-absent';

/** `taken`: another object has the key; `conflict`: another write was under way; `gone`: there is no such upload. */
type Completion = 'completed' | 'taken' | 'conflict' | 'gone';

/** The bucket as the publish function sees it. Nothing is written without a condition, and nothing is deleted by it. */
export interface BucketWriter extends BucketListings {
  readText(key: string): Promise<{ readonly text: string; readonly etag: string } | undefined>;
  writeText(key: string, text: string, condition: Condition): Promise<'written' | 'changed'>;
  head(key: string): Promise<StoredObject | undefined>;
  openUpload(key: string, metadata: Readonly<Record<string, string>>): Promise<string>;
  /** Undefined when there is no such upload. */
  listParts(key: string, uploadId: string): Promise<readonly StoredPart[] | undefined>;
  completeUpload(key: string, uploadId: string, parts: readonly PartToJoin[], size: number): Promise<Completion>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** Gives an object the tag by which the bucket's lifecycle deletes it. `refused` has the store's error. */
  tagRetired(key: string): Promise<'tagged' | 'absent' | { readonly refused: string }>;
  /** The store's clock, in milliseconds since 1970; undefined if its answers have none. */
  time(): Promise<number | undefined>;
}

/** A right is missing, or the store knows no tags. */
const tagRefusals = [400, 403, 405, 501];

interface BucketWriterOptions {
  /** Whether writes are conditional. Without conditions the caller has to compare first. */
  readonly sendConditions?: boolean;
  /** Tags each release, so that a lifecycle rule finds it. Not every S3-compatible store knows tags. */
  readonly tagReleases?: boolean;
  /** Which checksum the store verifies parts by. Default: SHA-256. */
  readonly partChecksum?: PartChecksum;
}

export function createBucketWriter(
  client: Pick<S3Client, 'send'>,
  bucket: string,
  { sendConditions = true, tagReleases = false, partChecksum = 'sha256' }: BucketWriterOptions = {},
): BucketWriter {
  const sent = <Headers extends object>(headers: Headers): Headers | object => (sendConditions ? headers : {});
  return {
    ...bucketListings(client, bucket),

    async readText(key) {
      const found = await answerOf(client.send(new GetObjectCommand({ Bucket: bucket, Key: key })), { 404: undefined });
      if (found === undefined) return undefined;
      const text = await answerOf(required(found.Body, 'body').transformToString());
      return { text, etag: required(found.ETag, 'ETag') };
    },

    async writeText(key, text, condition) {
      const put = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: text,
        ContentType: 'application/json',
        ChecksumAlgorithm: 'SHA256', // required by a bucket with Object Lock
        ...sent(condition === 'if-absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.ifMatch }),
      });
      // 409: another conditional write was under way. 404: the object to replace was deleted.
      const written = await answerOf(client.send(put), { 412: 'changed', 409: 'changed', 404: 'changed' });
      return written === 'changed' ? 'changed' : 'written';
    },

    async head(key) {
      const found = await answerOf(client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })), {
        404: undefined,
      });
      if (found === undefined) return undefined;
      return {
        etag: required(found.ETag, 'ETag'),
        size: required(found.ContentLength, 'Content-Length'),
        metadata: found.Metadata ?? {},
        ...(found.LastModified === undefined ? {} : { changedAt: found.LastModified.getTime() }),
        ...(found.ContentEncoding === undefined ? {} : { contentEncoding: found.ContentEncoding }),
      };
    },

    async openUpload(key, metadata) {
      const create = new CreateMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        Metadata: metadata,
        ContentType: 'application/octet-stream',
        ...(partChecksum === 'sha256' ? { ChecksumAlgorithm: 'SHA256' } : {}),
        ...(tagReleases ? { Tagging: `${releaseTag.key}=${releaseTag.value}` } : {}),
      });
      return required((await answerOf(client.send(create))).UploadId, 'UploadId');
    },

    async listParts(key, uploadId) {
      const parts: StoredPart[] = [];
      let marker: string | undefined;
      do {
        const list = new ListPartsCommand({
          Bucket: bucket,
          Key: key,
          UploadId: uploadId,
          ...(marker === undefined ? {} : { PartNumberMarker: marker }),
        });
        const page = await answerOf(client.send(list), { 404: undefined });
        if (page === undefined) return undefined;
        for (const part of page.Parts ?? []) {
          parts.push({
            partNumber: required(part.PartNumber, 'PartNumber'),
            size: required(part.Size, 'Size'),
            etag: required(part.ETag, 'ETag'),
            sha256: part.ChecksumSHA256,
          });
        }
        marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
      return parts;
    },

    async completeUpload(key, uploadId, parts, size) {
      const complete = new CompleteMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        ...sent({ IfNoneMatch: '*' }),
        MpuObjectSize: size,
        MultipartUpload: {
          Parts: parts.map(({ partNumber, etag, sha256 }) => ({
            PartNumber: partNumber,
            ETag: etag,
            ChecksumSHA256: sha256,
          })),
        },
      });
      const completion = await answerOf(client.send(complete), { 412: 'taken', 409: 'conflict', 404: 'gone' } as const);
      return typeof completion === 'string' ? completion : 'completed';
    },

    async tagRetired(key) {
      const { key: Key, value: Value } = retiredTag;
      const put = new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging: { TagSet: [{ Key, Value }] } });
      try {
        await client.send(put);
        return 'tagged';
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return 'absent';
        if (status !== undefined && tagRefusals.includes(status)) return { refused: (error as Error).name };
        throw unavailable(error);
      }
    },

    async time() {
      let date: string | undefined;
      const head = new HeadObjectCommand({ Bucket: bucket, Key: catalogKey });
      head.middlewareStack.add(
        (next) => async (args) => {
          const output = await next(args);
          date = (output.response as { readonly headers?: Readonly<Record<string, string>> }).headers?.date;
          return output;
        },
        // Next to the connection, so that it sees every answer, errors too.
        { step: 'deserialize', priority: 'low', name: 'readDate' },
      );
      await answerOf(client.send(head), { 404: undefined });
      const time = Date.parse(date ?? '');
      return Number.isNaN(time) ? undefined : time;
    },

    async abortUpload(key, uploadId) {
      const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
      await answerOf(client.send(abort), { 404: undefined });
    },
  };
}
