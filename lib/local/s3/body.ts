import { createHash } from 'node:crypto';
import type { HeaderValues } from '../sigv4/canonical-request.ts';
import type { VerifiedSignature } from '../sigv4/verify.ts';
import { awsChunked } from './aws-chunked.ts';
import { type ChecksumName, checksum } from './checksums.ts';
import { S3Error } from './errors.ts';
import { type S3Request, singleHeader } from './request.ts';

/** What the headers of a request say about its body. */
interface BodyPlan {
  readonly length: number;
  readonly sha256?: string;
  readonly md5?: string;
  readonly chunked?: { readonly signed: boolean; readonly trailer?: string };
  /** Without a value, the value comes in the trailer. */
  readonly checksum?: { readonly algorithm: ChecksumName; readonly value?: string };
}

const maxBodyBytes = 5 * 1024 ** 3;
const streaming = /^STREAMING-(UNSIGNED-PAYLOAD|AWS4-HMAC-SHA256-PAYLOAD)(-TRAILER)?$/;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html */
export function bodyPlan(headers: HeaderValues, payloadHash: string): BodyPlan {
  const [chunked, payload, trailing] = streaming.exec(payloadHash) ?? [];
  const trailer = trailing && singleHeader(headers, 'x-amz-trailer')?.toLowerCase();
  if (chunked && payload === 'UNSIGNED-PAYLOAD' && !trailing) throw invalid('x-amz-content-sha256');
  if (trailing && !trailer) throw new S3Error('InvalidRequest', 'x-amz-trailer is missing.');
  const md5 = singleHeader(headers, 'content-md5');
  if (md5 !== undefined && !isBase64(md5, 16)) throw new S3Error('InvalidDigest');
  const planned = plannedChecksum(headers, trailer);
  return {
    length: lengthOf(headers, chunked ? 'x-amz-decoded-content-length' : 'content-length'),
    ...(/^[0-9a-f]{64}$/.test(payloadHash) ? { sha256: payloadHash } : {}),
    ...(md5 === undefined ? {} : { md5 }),
    ...(chunked ? { chunked: { signed: payload !== 'UNSIGNED-PAYLOAD', ...(trailer ? { trailer } : {}) } } : {}),
    ...(planned ? { checksum: planned } : {}),
  };
}

function lengthOf(headers: HeaderValues, name: string): number {
  const text = singleHeader(headers, name);
  if (text === undefined) throw new S3Error('MissingContentLength');
  if (!/^\d{1,15}$/.test(text)) throw invalid(name);
  if (Number(text) > maxBodyBytes)
    throw new S3Error('EntityTooLarge', undefined, { details: { MaxSizeAllowed: maxBodyBytes } });
  return Number(text);
}

function plannedChecksum(headers: HeaderValues, trailer: string | undefined): BodyPlan['checksum'] {
  const found = (Object.keys(checksum) as ChecksumName[]).flatMap((algorithm) => {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const value = singleHeader(headers, name);
    if (value !== undefined && !isBase64(value, checksum[algorithm].bytes)) throw invalid(name);
    return value !== undefined ? [{ algorithm, value }] : trailer === name ? [{ algorithm }] : [];
  });
  const declared = singleHeader(headers, 'x-amz-sdk-checksum-algorithm');
  if (found.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  if (trailer && !found.some((one) => !('value' in one))) throw invalid('x-amz-trailer');
  if (declared !== undefined && declared.toUpperCase() !== found[0]?.algorithm) {
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return found[0];
}

function isBase64(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text;
}

function invalid(header: string): S3Error {
  return new S3Error('InvalidRequest', `Value for ${header} header is invalid.`);
}

interface ReceivedBody {
  readonly size: number;
  /** In hex. */
  readonly md5: string;
  /** In base64, by the algorithm of the plan, otherwise by `alsoCompute`. */
  readonly checksum?: string;
}

interface BodyDelivery {
  readonly chunks: AsyncIterable<Buffer>;
  readonly plan: BodyPlan;
  readonly signature: VerifiedSignature;
  readonly sink: (chunk: Buffer) => Promise<void>;
  readonly alsoCompute?: ChecksumName | undefined;
}

/** Passes a body to the sink, and throws at its end if it does not match the plan. */
export async function receiveBody({ chunks, plan, signature, sink, alsoCompute }: BodyDelivery): Promise<ReceivedBody> {
  const md5 = createHash('md5');
  const sha256 = plan.sha256 === undefined ? undefined : createHash('sha256');
  const algorithm = plan.checksum?.algorithm ?? alsoCompute;
  const running = algorithm && checksum[algorithm].start();
  let claimed = plan.checksum?.value;
  let size = 0;
  for await (const chunk of decoded(chunks, plan, signature, (value) => {
    claimed = value;
  })) {
    size += chunk.length;
    if (size > plan.length) throw new S3Error('IncompleteBody');
    md5.update(chunk);
    sha256?.update(chunk);
    running?.update(chunk);
    await sink(chunk);
  }
  if (size !== plan.length) throw new S3Error('IncompleteBody');
  if (sha256 && sha256.digest('hex') !== plan.sha256) throw new S3Error('XAmzContentSHA256Mismatch');
  const md5Bytes = md5.digest();
  if (plan.md5 !== undefined && md5Bytes.toString('base64') !== plan.md5) throw new S3Error('BadDigest');
  const computed = running && Buffer.from(await running.digest()).toString('base64');
  if (plan.checksum && claimed !== computed) {
    throw new S3Error(
      'BadDigest',
      `The ${plan.checksum.algorithm} you specified did not match the calculated checksum.`,
    );
  }
  return { size, md5: md5Bytes.toString('hex'), ...(computed === undefined ? {} : { checksum: computed }) };
}

function decoded(
  chunks: AsyncIterable<Buffer>,
  { chunked }: BodyPlan,
  signature: VerifiedSignature,
  onTrailer: (value: string) => void,
): AsyncIterable<Buffer> {
  if (!chunked) return chunks;
  const signing = chunked.signed ? { context: signature.context, seed: signature.signature } : undefined;
  const { trailer } = chunked;
  return awsChunked({ chunks, onTrailer, ...(trailer ? { trailer } : {}), ...(signing ? { signing } : {}) });
}

const maxSmallBodyBytes = 2 * 1024 * 1024;

/**
 * The whole body of an operation that accepts XML or no body, verified like any other body.
 * @param described what checksum headers are of: those of CompleteMultipartUpload are of the object
 */
export async function readSmallBody(
  { headers, payloadHash, signature, body }: S3Request,
  described: 'object' | 'body' = 'object',
): Promise<string> {
  if (payloadHash.startsWith('STREAMING-')) throw new S3Error('NotImplemented');
  const own = new Map(described === 'body' ? headers : []);
  own.set('content-length', headers.get('content-length') ?? ['0']);
  const md5 = headers.get('content-md5');
  if (md5) own.set('content-md5', md5);
  const plan = bodyPlan(own, payloadHash);
  if (plan.length > maxSmallBodyBytes) throw new S3Error('MaxMessageLengthExceeded');
  const pieces: Buffer[] = [];
  const sink = async (chunk: Buffer) => {
    pieces.push(chunk);
  };
  await receiveBody({ chunks: body, plan, signature, sink });
  return Buffer.concat(pieces).toString();
}
