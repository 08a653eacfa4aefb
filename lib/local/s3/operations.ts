import { S3Error } from './errors.ts';

const objectHeaders = [
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
];
const bodyHeaders = [
  ...objectHeaders,
  'x-amz-decoded-content-length',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
] as const;

const overrides = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];

/**
 * What the stand-in does. `needs` are the query parameters that make a request this operation, `takes` those that it may
 * carry besides, `headers` the x-amz-* headers that it heeds. Whatever carries anything else is refused, for to leave a
 * parameter unheeded would be to answer another question than was asked.
 */
const operations = {
  ListBuckets: { level: 'service', method: 'GET', needs: [], takes: [], headers: [] },
  CreateBucket: { level: 'bucket', method: 'PUT', needs: [], takes: [], headers: [] },
  HeadBucket: { level: 'bucket', method: 'HEAD', needs: [], takes: [], headers: [] },
  GetBucketLocation: { level: 'bucket', method: 'GET', needs: ['location'], takes: [], headers: [] },
  ListObjectsV2: {
    level: 'bucket',
    method: 'GET',
    needs: ['list-type'],
    takes: ['prefix', 'delimiter', 'start-after', 'continuation-token', 'max-keys', 'encoding-type'],
    headers: [],
  },
  ListMultipartUploads: {
    level: 'bucket',
    method: 'GET',
    needs: ['uploads'],
    takes: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
    headers: [],
  },
  GetObject: { level: 'object', method: 'GET', needs: [], takes: overrides, headers: ['x-amz-checksum-mode'] },
  HeadObject: { level: 'object', method: 'HEAD', needs: [], takes: overrides, headers: ['x-amz-checksum-mode'] },
  PutObject: {
    level: 'object',
    method: 'PUT',
    needs: [],
    takes: [],
    headers: [...bodyHeaders, 'x-amz-meta-*', 'x-amz-tagging'],
  },
  DeleteObject: { level: 'object', method: 'DELETE', needs: [], takes: [], headers: [] },
  CreateMultipartUpload: {
    level: 'object',
    method: 'POST',
    needs: ['uploads'],
    takes: [],
    headers: ['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-meta-*', 'x-amz-tagging'],
  },
  UploadPart: {
    level: 'object',
    method: 'PUT',
    needs: ['partNumber', 'uploadId'],
    takes: [],
    headers: bodyHeaders,
  },
  ListParts: {
    level: 'object',
    method: 'GET',
    needs: ['uploadId'],
    takes: ['max-parts', 'part-number-marker'],
    headers: [],
  },
  CompleteMultipartUpload: {
    level: 'object',
    method: 'POST',
    needs: ['uploadId'],
    takes: [],
    headers: [...objectHeaders, 'x-amz-checksum-type', 'x-amz-mp-object-size'],
  },
  AbortMultipartUpload: { level: 'object', method: 'DELETE', needs: ['uploadId'], takes: [], headers: [] },
} as const satisfies Record<
  string,
  {
    readonly level: 'service' | 'bucket' | 'object';
    readonly method: string;
    readonly needs: readonly string[];
    readonly takes: readonly string[];
    readonly headers: readonly string[];
  }
>;

export type OperationName = keyof typeof operations;

interface RequestShape {
  readonly method: string;
  readonly level: 'service' | 'bucket' | 'object';
  /** Names of query parameters, those of the signature excepted. */
  readonly parameters: readonly string[];
  /** Names of x-amz-* headers, those of the signature excepted. */
  readonly amzHeaders: readonly string[];
}

const methods = {
  service: ['GET'],
  bucket: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
  object: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
};

/** The operation that a request asks for; refuses what S3 knows and the stand-in does not, and what nobody knows. */
export function chooseOperation({ method, level, parameters, amzHeaders }: RequestShape): OperationName {
  if (!methods[level].includes(method)) throw new S3Error('MethodNotAllowed');
  const names = Object.keys(operations) as OperationName[];
  const name = names.find((candidate) => {
    const { level: itsLevel, method: itsMethod, needs, takes }: Operation = operations[candidate];
    return (
      itsLevel === level &&
      itsMethod === method &&
      needs.every((need) => parameters.includes(need)) &&
      parameters.every((parameter) => needs.includes(parameter) || takes.includes(parameter))
    );
  });
  if (!name && method === 'POST' && parameters.length === 0) throw new S3Error('MethodNotAllowed');
  if (!name) throw new S3Error('NotImplemented');
  const { headers }: Operation = operations[name];
  const heeded = (header: string) =>
    headers.includes(header) || (header.startsWith('x-amz-meta-') && headers.includes('x-amz-meta-*'));
  const unheeded = amzHeaders.filter((header) => !heeded(header));
  if (unheeded.length > 0) throw new S3Error('NotImplemented', undefined, { details: { Header: unheeded.join(', ') } });
  return name;
}

interface Operation {
  readonly level: string;
  readonly method: string;
  readonly needs: readonly string[];
  readonly takes: readonly string[];
  readonly headers: readonly string[];
}
