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
import type { PartChecksum } from '../../domain/release.ts';
import { type BucketWriter, given, outcome, type StoredPart } from './bucket-writer.ts';

/** Keys are asked for percent-encoded, because XML cannot hold each of them. Amazon writes a blank as "+" there. */
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}

/** The two that look at the whole bucket, page by page. */
function bucketListings(
  client: Pick<S3Client, 'send'>,
  bucket: string,
): Pick<BucketWriter, 'listKeys' | 'listUploads'> {
  return {
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

interface BucketWriterOptions {
  /** Whether conditions are sent with what is written. Without them somebody else has to compare before. */
  readonly sendConditions?: boolean;
  /** Tags each release, so that a lifecycle rule finds it. Not every S3-compatible store knows tags. */
  readonly tagReleases?: boolean;
  /** By what parts are checked; SHA-256 unless given. */
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
        ...(partChecksum === 'sha256' ? { ChecksumAlgorithm: 'SHA256' } : {}),
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
  };
}
