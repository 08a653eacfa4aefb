import { ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { BucketWriter } from './bucket-writer.ts';
import { given } from './given.ts';
import { outcome } from './outcome.ts';

/** Keys are asked for percent-encoded, because XML cannot hold each of them. Amazon writes a blank as "+" there. */
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}

/** The two that look at the whole bucket, page by page. */
export function bucketListings(
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
