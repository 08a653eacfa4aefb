import { readSmallBody } from './body.ts';
import { assertBucketExists } from './buckets.ts';
import { S3Error } from './errors.ts';
import { integerParameter, keyEncoding, type S3Handler } from './request.ts';
import type { ObjectRecord, UploadRecord } from './store/records.ts';
import { xmlAnswer } from './xml.ts';

/** S3's order of keys. The UTF-16 order of JavaScript differs beyond the basic multilingual plane. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

interface ListKeysOptions {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only keys after this one. */
  readonly after: string;
  readonly max: number;
}

interface Listing {
  readonly keys: readonly string[];
  readonly commonPrefixes: readonly string[];
  /** The last key or common prefix of this page, if there are more pages. */
  readonly next?: string;
}

/** One page of keys, in the order of their UTF-8 bytes. A common prefix counts as one key. */
export function listKeys(sorted: readonly string[], { prefix, delimiter, after, max }: ListKeysOptions): Listing {
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  for (const key of sorted) {
    if (!key.startsWith(prefix) || compareUtf8(key, after) <= 0) continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? undefined : key.slice(0, at + delimiter.length);
    // After a page that ended with a common prefix, all keys below that prefix are skipped.
    if (common !== undefined && (common === commonPrefixes.at(-1) || common === after)) continue;
    if (keys.length + commonPrefixes.length >= max) {
      return { keys, commonPrefixes, ...(last === undefined ? {} : { next: last }) };
    }
    if (common === undefined) keys.push(key);
    else commonPrefixes.push(common);
    last = common ?? key;
  }
  return { keys, commonPrefixes };
}

export const listObjectsV2: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, parameters } = request;
  assertBucketExists(store, bucket);
  if (parameters.get('list-type') !== '2') throw new S3Error('InvalidArgument', 'Only list-type=2 is supported.');
  const encode = keyEncoding(parameters);
  const max = integerParameter(parameters, 'max-keys', { defaultValue: 1000, max: 1000 });
  const token = parameters.get('continuation-token');
  const startAfter = parameters.get('start-after');
  const prefix = parameters.get('prefix') ?? '';
  const delimiter = parameters.get('delimiter') ?? '';

  const objects = new Map(Array.from(store.objects(bucket), (object) => [object.key, object]));
  const after = token === undefined ? (startAfter ?? '') : keyOf(token);
  const page = listKeys([...objects.keys()].sort(compareUtf8), { prefix, delimiter, after, max });
  const listed = page.keys.map((key) => objects.get(key)).filter((object) => object !== undefined);

  return xmlAnswer('ListBucketResult', {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    EncodingType: parameters.get('encoding-type'),
    KeyCount: page.keys.length + page.commonPrefixes.length,
    MaxKeys: max,
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

export const listMultipartUploads: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, parameters } = request;
  assertBucketExists(store, bucket);
  const encode = keyEncoding(parameters);
  const max = integerParameter(parameters, 'max-uploads', { defaultValue: 1000, max: 1000 });
  const prefix = parameters.get('prefix') ?? '';
  const keyMarker = parameters.get('key-marker') ?? '';
  const idMarker = parameters.get('upload-id-marker') ?? '';
  const isAfter = ({ key, uploadId, initiated }: UploadRecord) => {
    const order = compareUtf8(key, keyMarker);
    if (order !== 0 || idMarker === '') return order > 0;
    return (
      byAge({ initiated, uploadId }, { initiated: store.upload(idMarker)?.initiated ?? '', uploadId: idMarker }) > 0
    );
  };
  const after = store
    .uploads(bucket)
    .filter((upload) => upload.key.startsWith(prefix) && isAfter(upload))
    .sort((a, b) => compareUtf8(a.key, b.key) || byAge(a, b));
  const page = after.slice(0, max);
  const last = page.length < after.length ? page.at(-1) : undefined;
  return xmlAnswer('ListMultipartUploadsResult', {
    Bucket: bucket,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: last && encode(last.key),
    NextUploadIdMarker: last?.uploadId,
    Prefix: encode(prefix),
    EncodingType: parameters.get('encoding-type'),
    MaxUploads: max,
    IsTruncated: last !== undefined,
    Upload: page.map(({ key, uploadId, initiated, checksum }) => ({
      Key: encode(key),
      UploadId: uploadId,
      Initiated: initiated,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
    })),
  });
};

/** Uploads of one key are listed in the order in which they were initiated. */
function byAge(
  a: Pick<UploadRecord, 'initiated' | 'uploadId'>,
  b: Pick<UploadRecord, 'initiated' | 'uploadId'>,
): number {
  return compareUtf8(a.initiated, b.initiated) || compareUtf8(a.uploadId, b.uploadId);
}
