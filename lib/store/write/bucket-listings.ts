import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { answerOf, required } from './s3-requests.ts';

export interface ListedObject {
  readonly key: string;
  readonly size?: number;
  /** Milliseconds since 1970. */
  readonly changedAt?: number;
}

/** Where a page of the list of uploads ends. */
export interface UploadMarker {
  readonly key: string;
  readonly uploadId: string;
}

export interface OpenMultipartUpload extends UploadMarker {
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

interface Page<Item, Marker> {
  readonly items: readonly Item[];
  /** The next page begins after this; absent on the last page. */
  readonly next?: Marker;
}

/** The listings of the whole bucket, page by page. */
export interface BucketListings {
  /** In the order of their UTF-8 bytes. */
  listKeys(after: string | undefined, limit: number): Promise<Page<string, string>>;
  /** A page of the objects whose keys begin so, in the same order. */
  listObjects(prefix: string, after: string | undefined): Promise<Page<ListedObject, string>>;
  listUploads(after: UploadMarker | undefined, limit: number): Promise<Page<OpenMultipartUpload, UploadMarker>>;
}

/** Keys are listed percent-encoded, because XML cannot hold every character. Amazon writes a blank as "+" there. */
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}

export function bucketListings(client: Pick<S3Client, 'send'>, bucket: string): BucketListings {
  const list = async (more: Partial<ListObjectsV2CommandInput>, after: string | undefined) => {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      EncodingType: 'url',
      ...more,
      ...(after === undefined ? {} : { StartAfter: after }),
    });
    const page = await answerOf(client.send(command));
    const items = (page.Contents ?? []).map(
      ({ Key, Size, LastModified }): ListedObject => ({
        key: decodedKey(required(Key, 'Key')),
        ...(Size === undefined ? {} : { size: Size }),
        ...(LastModified === undefined ? {} : { changedAt: LastModified.getTime() }),
      }),
    );
    const next = page.IsTruncated === true ? items.at(-1)?.key : undefined;
    return { items, ...(next === undefined ? {} : { next }) };
  };
  return {
    async listKeys(after, limit) {
      const { items, ...end } = await list({ MaxKeys: limit }, after);
      return { items: items.map(({ key }) => key), ...end };
    },

    listObjects: (prefix, after) => list({ Prefix: prefix }, after),

    async listUploads(after, limit) {
      const list = new ListMultipartUploadsCommand({
        Bucket: bucket,
        MaxUploads: limit,
        EncodingType: 'url',
        ...(after === undefined ? {} : { KeyMarker: after.key, UploadIdMarker: after.uploadId }),
      });
      const page = await answerOf(client.send(list));
      const items = (page.Uploads ?? []).map(({ Key, UploadId, Initiated }) => ({
        key: decodedKey(required(Key, 'Key')),
        uploadId: required(UploadId, 'UploadId'),
        begunAt: required(Initiated, 'Initiated').getTime(),
      }));
      if (page.IsTruncated !== true) return { items };
      const next = {
        key: decodedKey(required(page.NextKeyMarker, 'NextKeyMarker')),
        uploadId: required(page.NextUploadIdMarker, 'NextUploadIdMarker'),
      };
      return { items, next };
    },
  };
}
