import type { IncomingMessage } from 'node:http';
import { notDirectMessage, pageReason, proxyReason } from '../direct-request.ts';
import { type HeaderValues, headerValues } from '../sigv4/canonical-request.ts';
import { type SignatureRules, type VerifiedSignature, verifySignature } from '../sigv4/verify.ts';
import { createBucket, getBucketLocation, headBucket, listBuckets } from './buckets.ts';
import { completeMultipartUpload } from './complete-multipart.ts';
import { S3Error } from './errors.ts';
import { listMultipartUploads, listObjectsV2 } from './listings.ts';
import { abortMultipartUpload, createMultipartUpload, listParts, uploadPart } from './multipart.ts';
import { deleteObject, getObject, putObject } from './objects.ts';
import { chooseOperation, type OperationName } from './operations.ts';
import {
  type RequestTarget,
  requestTarget,
  type S3Answer,
  type S3Handler,
  type S3Services,
  singleHeader,
  splitQuery,
} from './request.ts';
import { getObjectTagging, putObjectTagging } from './tagging.ts';

interface AuthenticatedRequest {
  readonly signature: VerifiedSignature;
  readonly payloadHash: string;
}

const payloadHashes =
  /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER|STREAMING-AWS4-HMAC-SHA256-PAYLOAD(?:-TRAILER)?)$/;

/** Verifies the signature of a request; there is no anonymous access. */
function authenticate(
  {
    method,
    target,
    headers,
  }: { readonly method: string; readonly target: RequestTarget; readonly headers: HeaderValues },
  rules: Omit<SignatureRules, 'service'>,
): AuthenticatedRequest {
  const { rawPath, rawQuery, query } = target;
  const header = singleHeader(headers, 'x-amz-content-sha256');
  const payloadHash = header ?? query.find(({ name }) => name === 'X-Amz-Content-Sha256')?.value ?? 'UNSIGNED-PAYLOAD';
  const signature = verifySignature({ method, rawPath, rawQuery, headers, payloadHash }, { ...rules, service: 's3' });
  if (!signature.ok) throw new S3Error(signature.code, signature.message);
  if (signature.mechanism === 'header' && header === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  if (!payloadHashes.test(payloadHash)) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    );
  }
  return { signature, payloadHash };
}

const handlers: Readonly<Record<OperationName, S3Handler>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  GetBucketLocation: getBucketLocation,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listMultipartUploads,
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
};

export interface S3Settings extends S3Services {
  readonly credentials: SignatureRules['credentials'];
  /** Whether writes honour If-Match and If-None-Match. Some stores do not. */
  readonly conditionalWrites: boolean;
  /** For public keys: only requests sent directly by a program on this machine are accepted. */
  readonly onlyDirect: boolean;
}

const commonHeaders = ['x-amz-content-sha256', 'x-amz-date', 'x-amz-user-agent'];

const withoutConditions = (headers: HeaderValues): HeaderValues =>
  new Map([...headers].filter(([name]) => name !== 'if-match' && name !== 'if-none-match'));

/** Browsers may read: a page cannot see the answer, and a person may follow a link to a release. */
function refuseIndirect(request: IncomingMessage, headers: HeaderValues): void {
  const arrived = { headers, httpVersion: request.httpVersion };
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const reason = proxyReason(arrived) ?? (isRead ? undefined : pageReason(arrived));
  if (reason !== undefined) throw new S3Error('AccessDenied', notDirectMessage(reason));
}

/** Parses and authenticates a request, and runs its operation. @throws S3Error */
export async function handleRequest(request: IncomingMessage, settings: S3Settings): Promise<S3Answer> {
  const method = request.method ?? '';
  const target = requestTarget(request.url ?? '');
  const rawHeaders = headerValues(request.rawHeaders);
  if (settings.onlyDirect) refuseIndirect(request, rawHeaders);
  const { credentials, region, clock } = settings;
  const rules = { credentials, region, now: clock() };
  const { signature, payloadHash } = authenticate({ method, target, headers: rawHeaders }, rules);
  const { parameters, headers: allHeaders } = splitQuery(target.query, rawHeaders, signature);
  const keepsConditions = settings.conditionalWrites || method === 'GET' || method === 'HEAD';
  const headers = keepsConditions ? allHeaders : withoutConditions(allHeaders);
  const operation = chooseOperation({
    method,
    level: target.key !== undefined ? 'object' : target.bucket !== undefined ? 'bucket' : 'service',
    parameters: [...parameters.keys()],
    amzHeaders: [...headers.keys()].filter((name) => name.startsWith('x-amz-') && !commonHeaders.includes(name)),
  });
  const { bucket = '', key = '' } = target;
  // By default the iterator would close the connection after the first error.
  const body = request.iterator({ destroyOnReturn: false });
  return handlers[operation]({ bucket, key, parameters, headers, payloadHash, signature, body }, settings);
}
