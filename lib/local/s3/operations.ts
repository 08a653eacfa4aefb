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

interface Operation {
  readonly level: 'service' | 'bucket' | 'object';
  readonly method: string;
  /** Query parameters that identify the operation. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Supported x-amz-* headers. */
  readonly headers: readonly string[];
}

/**
 * The supported operations. A request with any other parameter or x-amz-* header is refused: to ignore it could change the
 * meaning of the request.
 */
const operations = {
  ListBuckets: { level: 'service', method: 'GET', required: [], optional: [], headers: [] },
  CreateBucket: { level: 'bucket', method: 'PUT', required: [], optional: [], headers: [] },
  HeadBucket: { level: 'bucket', method: 'HEAD', required: [], optional: [], headers: [] },
  GetBucketLocation: { level: 'bucket', method: 'GET', required: ['location'], optional: [], headers: [] },
  ListObjectsV2: {
    level: 'bucket',
    method: 'GET',
    required: ['list-type'],
    optional: ['prefix', 'delimiter', 'start-after', 'continuation-token', 'max-keys', 'encoding-type'],
    headers: [],
  },
  ListMultipartUploads: {
    level: 'bucket',
    method: 'GET',
    required: ['uploads'],
    optional: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
    headers: [],
  },
  GetObject: { level: 'object', method: 'GET', required: [], optional: overrides, headers: ['x-amz-checksum-mode'] },
  HeadObject: { level: 'object', method: 'HEAD', required: [], optional: overrides, headers: ['x-amz-checksum-mode'] },
  PutObject: {
    level: 'object',
    method: 'PUT',
    required: [],
    optional: [],
    headers: [...bodyHeaders, 'x-amz-meta-*', 'x-amz-tagging'],
  },
  GetObjectTagging: { level: 'object', method: 'GET', required: ['tagging'], optional: [], headers: [] },
  PutObjectTagging: { level: 'object', method: 'PUT', required: ['tagging'], optional: [], headers: bodyHeaders },
  DeleteObject: { level: 'object', method: 'DELETE', required: [], optional: [], headers: [] },
  CreateMultipartUpload: {
    level: 'object',
    method: 'POST',
    required: ['uploads'],
    optional: [],
    headers: ['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-meta-*', 'x-amz-tagging'],
  },
  UploadPart: {
    level: 'object',
    method: 'PUT',
    required: ['partNumber', 'uploadId'],
    optional: [],
    headers: bodyHeaders,
  },
  ListParts: {
    level: 'object',
    method: 'GET',
    required: ['uploadId'],
    optional: ['max-parts', 'part-number-marker'],
    headers: [],
  },
  CompleteMultipartUpload: {
    level: 'object',
    method: 'POST',
    required: ['uploadId'],
    optional: [],
    headers: [...objectHeaders, 'x-amz-checksum-type', 'x-amz-mp-object-size'],
  },
  AbortMultipartUpload: { level: 'object', method: 'DELETE', required: ['uploadId'], optional: [], headers: [] },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;

interface RequestShape {
  readonly method: string;
  readonly level: Operation['level'];
  /** Names of query parameters, without those of the signature. */
  readonly parameters: readonly string[];
  /** Names of x-amz-* headers, without those of the signature. */
  readonly amzHeaders: readonly string[];
}

const methods = {
  service: ['GET'],
  bucket: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
  object: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
};

/** The operation of a request. Throws NotImplemented for operations of S3 that the stand-in does not have. */
export function chooseOperation({ method, level, parameters, amzHeaders }: RequestShape): OperationName {
  if (!methods[level].includes(method)) throw new S3Error('MethodNotAllowed');
  const names = Object.keys(operations) as OperationName[];
  const name = names.find((candidate) => {
    const { level: itsLevel, method: itsMethod, required, optional }: Operation = operations[candidate];
    return (
      itsLevel === level &&
      itsMethod === method &&
      required.every((parameter) => parameters.includes(parameter)) &&
      parameters.every((parameter) => required.includes(parameter) || optional.includes(parameter))
    );
  });
  if (!name && method === 'POST' && parameters.length === 0) throw new S3Error('MethodNotAllowed');
  if (!name) throw new S3Error('NotImplemented');
  const { headers }: Operation = operations[name];
  const isSupported = (header: string) =>
    headers.includes(header) || (header.startsWith('x-amz-meta-') && headers.includes('x-amz-meta-*'));
  const unsupported = amzHeaders.filter((header) => !isSupported(header));
  if (unsupported.length > 0)
    throw new S3Error('NotImplemented', undefined, { details: { Header: unsupported.join(', ') } });
  return name;
}
