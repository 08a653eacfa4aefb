import { byteRange } from '../byte-range.ts';
import { checkReadConditions } from '../check-read-conditions.ts';
import { checksumHeaders } from '../checksum-headers.ts';
import { existingBucket } from '../existing-bucket.ts';
import { headerText } from '../header-text.ts';
import { readBlobs } from '../read-blobs.ts';
import { readSmallBody } from '../read-small-body.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Handler, S3Request } from '../s3-request.ts';
import { singleHeader } from '../single-header.ts';
import type { ObjectRecord } from '../store/records.ts';

/** GetObject and HeadObject: the sender leaves the body of an answer to HEAD away. */
export const getObject: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, key, headers } = request;
  existingBucket(store, bucket);
  const object = store.object(bucket, key);
  if (!object) throw new S3Error('NoSuchKey', undefined, { details: { Key: key } });
  checkReadConditions(headers, object);
  const range = byteRange(singleHeader(headers, 'range'), object.size);
  const { first, last } = range ?? { first: 0, last: object.size - 1 };
  store.blobs.hold(object.blobs);
  return {
    status: range ? 206 : 200,
    headers: {
      ...objectHeaders(object, request),
      'Content-Length': last - first + 1,
      ...(range ? { 'Content-Range': `bytes ${first}-${last}/${object.size}` } : {}),
      // It is the whole object's, and would not fit what is sent.
      ...(range || singleHeader(headers, 'x-amz-checksum-mode') !== 'ENABLED' ? {} : checksumHeaders(object.checksum)),
    },
    body: readBlobs(store.blobs, object.blobs, { first, last }),
    release: () => store.blobs.release(object.blobs),
  };
};

function objectHeaders(object: ObjectRecord, { parameters }: S3Request): Record<string, string> {
  const metadata = Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  const overrides = [...parameters]
    .filter(([name]) => name.startsWith('response-'))
    .map(([name, value]) => [name.slice('response-'.length), headerText(value)]);
  return {
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
    'content-type': 'binary/octet-stream',
    ...object.headers,
    ...Object.fromEntries(metadata),
    ...Object.fromEntries(overrides),
  };
}
