import { compareUtf8 } from '../compare-utf8.ts';
import { existingBucket } from '../existing-bucket.ts';
import { integerParameter } from '../integer-parameter.ts';
import { keyEncoding } from '../key-encoding.ts';
import { listKeys } from '../list-keys.ts';
import { readSmallBody } from '../read-small-body.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Handler } from '../s3-request.ts';
import type { ObjectRecord } from '../store/records.ts';
import { xmlAnswer } from '../xml-answer.ts';

export const listObjectsV2: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, parameters } = request;
  existingBucket(store, bucket);
  if (parameters.get('list-type') !== '2') throw new S3Error('InvalidArgument', 'Only list-type=2 is known.');
  const encode = keyEncoding(parameters);
  const most = integerParameter(parameters, 'max-keys', { otherwise: 1000, most: 1000 });
  const token = parameters.get('continuation-token');
  const startAfter = parameters.get('start-after');
  const prefix = parameters.get('prefix') ?? '';
  const delimiter = parameters.get('delimiter') ?? '';

  const objects = new Map(Array.from(store.objects(bucket), (object) => [object.key, object]));
  const after = token === undefined ? (startAfter ?? '') : keyOf(token);
  const page = listKeys([...objects.keys()].sort(compareUtf8), { prefix, delimiter, after, most });
  const listed = page.keys.map((key) => objects.get(key)).filter((object) => object !== undefined);

  return xmlAnswer('ListBucketResult', {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    EncodingType: parameters.get('encoding-type'),
    KeyCount: page.keys.length + page.commonPrefixes.length,
    MaxKeys: most,
    IsTruncated: page.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: page.next === undefined ? undefined : tokenOf(page.next),
    Contents: listed.map((object) => content(object, encode)),
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  });
};

function content({ key, lastModified, etag, checksum, size }: ObjectRecord, encode: (key: string) => string) {
  return {
    Key: encode(key),
    LastModified: lastModified,
    ETag: `"${etag}"`,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Size: size,
    StorageClass: 'STANDARD',
  };
}

function tokenOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function keyOf(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key !== '' && tokenOf(key) === token) return key;
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
}
