import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isBucketMissing, statusOf, unavailable } from './s3-failure.ts';

export interface StoredObject {
  readonly etag: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentEncoding?: string;
  /** Milliseconds since 1970. */
  readonly changedAt?: number;
}

/** A place in the list of uploads. */
export interface UploadPlace {
  readonly key: string;
  readonly uploadId: string;
}

export interface OpenMultipartUpload extends UploadPlace {
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  /** Base64; absent where the store does not list it. */
  readonly sha256: string | undefined;
}

export interface PartToJoin {
  readonly partNumber: number;
  readonly etag: string;
  readonly sha256: string;
}

/** Something that is only written over exactly what was read, or only where nothing is. */
export type Condition = { readonly ifMatch: string } | 'if-absent';

/** `taken`: another object has the key; `conflict`: another write was under way; `gone`: there is no such upload. */
export type Completion = 'completed' | 'taken' | 'conflict' | 'gone';

/** The bucket as the publish function sees it. Nothing is written without a condition, and nothing is deleted. */
export interface BucketWriter {
  readText(key: string): Promise<{ readonly text: string; readonly etag: string } | undefined>;
  writeText(key: string, text: string, condition: Condition): Promise<'written' | 'changed'>;
  head(key: string): Promise<StoredObject | undefined>;
  openUpload(key: string, metadata: Readonly<Record<string, string>>): Promise<string>;
  /** Undefined when there is no such upload. */
  listParts(key: string, uploadId: string): Promise<readonly StoredPart[] | undefined>;
  completeUpload(key: string, uploadId: string, parts: readonly PartToJoin[], size: number): Promise<Completion>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** In the order of their UTF-8 bytes, from the one behind `after` on; `more` when these are not all. */
  listKeys(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly keys: readonly string[]; readonly more: boolean }>;
  listUploads(
    after: UploadPlace | undefined,
    limit: number,
  ): Promise<{ readonly uploads: readonly OpenMultipartUpload[]; readonly next?: UploadPlace }>;
}

const given = <Value>(value: Value | undefined, name: string): Value => {
  if (value === undefined) throw unavailable(new Error(`S3's answer has no ${name}`));
  return value;
};

/** Keys are asked for percent-encoded, because XML cannot hold each of them. Amazon writes a blank as "+" there. */
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}

/** Runs a call; a status that `expected` names is its answer, any other failure is `Unavailable`. */
async function outcome<Value, Expected extends string | undefined = never>(
  call: Promise<Value>,
  expected: Readonly<Record<number, Expected>>,
): Promise<Value | Expected> {
  try {
    return await call;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status in expected && !isBucketMissing(error)) return expected[status] as Expected;
    throw unavailable(error);
  }
}

export interface BucketWriterOptions {
  /** Whether conditions are sent with what is written. Without them somebody else has to compare before. */
  readonly sendConditions?: boolean;
  /** Tags each release, so that a lifecycle rule finds it. Not every S3-compatible store knows tags. */
  readonly tagReleases?: boolean;
}

export function createBucketWriter(
  client: Pick<S3Client, 'send'>,
  bucket: string,
  { sendConditions = true, tagReleases = false }: BucketWriterOptions = {},
): BucketWriter {
  const sent = <Headers extends object>(headers: Headers): Headers | object => (sendConditions ? headers : {});
  return {
    async readText(key) {
      const found = await outcome(client.send(new GetObjectCommand({ Bucket: bucket, Key: key })), { 404: undefined });
      if (found === undefined) return undefined;
      const text = await outcome(given(found.Body, 'body').transformToString(), {});
      return { text, etag: given(found.ETag, 'ETag') };
    },

    async writeText(key, text, condition) {
      const put = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: text,
        ContentType: 'application/json',
        ChecksumAlgorithm: 'SHA256', // a bucket with Object Lock refuses what comes without one
        ...sent(condition === 'if-absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.ifMatch }),
      });
      // 409: another conditional write was under way. 404: what was to be written over is gone.
      const written = await outcome(client.send(put), { 412: 'changed', 409: 'changed', 404: 'changed' });
      return written === 'changed' ? 'changed' : 'written';
    },

    async head(key) {
      const found = await outcome(client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })), { 404: undefined });
      if (found === undefined) return undefined;
      return {
        etag: given(found.ETag, 'ETag'),
        size: given(found.ContentLength, 'Content-Length'),
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
        ChecksumAlgorithm: 'SHA256',
        ...(tagReleases ? { Tagging: 'kind=release' } : {}),
      });
      return given((await outcome(client.send(create), {})).UploadId, 'UploadId');
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
        const page = await outcome(client.send(list), { 404: undefined });
        if (page === undefined) return undefined;
        for (const part of page.Parts ?? []) {
          parts.push({
            partNumber: given(part.PartNumber, 'PartNumber'),
            size: given(part.Size, 'Size'),
            etag: given(part.ETag, 'ETag'),
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
      const completion = await outcome(client.send(complete), { 412: 'taken', 409: 'conflict', 404: 'gone' } as const);
      return typeof completion === 'string' ? completion : 'completed';
    },

    async abortUpload(key, uploadId) {
      const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
      await outcome(client.send(abort), { 404: undefined });
    },

    async listKeys(after, limit) {
      const list = new ListObjectsV2Command({
        Bucket: bucket,
        MaxKeys: limit,
        EncodingType: 'url',
        ...(after === undefined ? {} : { StartAfter: after }),
      });
      const page = await outcome(client.send(list), {});
      const keys = (page.Contents ?? []).map(({ Key }) => decodedKey(given(Key, 'Key')));
      return { keys, more: page.IsTruncated === true };
    },

    async listUploads(after, limit) {
      const list = new ListMultipartUploadsCommand({
        Bucket: bucket,
        MaxUploads: limit,
        EncodingType: 'url',
        ...(after === undefined ? {} : { KeyMarker: after.key, UploadIdMarker: after.uploadId }),
      });
      const page = await outcome(client.send(list), {});
      const uploads = (page.Uploads ?? []).map(({ Key, UploadId, Initiated }) => ({
        key: decodedKey(given(Key, 'Key')),
        uploadId: given(UploadId, 'UploadId'),
        begunAt: given(Initiated, 'Initiated').getTime(),
      }));
      if (page.IsTruncated !== true) return { uploads };
      const next = {
        key: decodedKey(given(page.NextKeyMarker, 'NextKeyMarker')),
        uploadId: given(page.NextUploadIdMarker, 'NextUploadIdMarker'),
      };
      return { uploads, next };
    },
  };
}
