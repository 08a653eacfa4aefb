import type { HeaderValues } from '../sigv4/header-values.ts';
import { type ChecksumName, checksum } from './checksum.ts';
import { S3Error } from './s3-error.ts';
import { singleHeader } from './single-header.ts';

/** What a body has to be, as its headers have it. */
export interface BodyPlan {
  readonly length: number;
  readonly sha256?: string;
  readonly md5?: string;
  readonly chunked?: { readonly signed: boolean; readonly trailer?: string };
  /** Without a value it comes in the trailer. */
  readonly checksum?: { readonly algorithm: ChecksumName; readonly value?: string };
}

const largest = 5 * 1024 ** 3;
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
    length: length(headers, chunked ? 'x-amz-decoded-content-length' : 'content-length'),
    ...(/^[0-9a-f]{64}$/.test(payloadHash) ? { sha256: payloadHash } : {}),
    ...(md5 === undefined ? {} : { md5 }),
    ...(chunked ? { chunked: { signed: payload !== 'UNSIGNED-PAYLOAD', ...(trailer ? { trailer } : {}) } } : {}),
    ...(planned ? { checksum: planned } : {}),
  };
}

function length(headers: HeaderValues, name: string): number {
  const text = singleHeader(headers, name);
  if (text === undefined) throw new S3Error('MissingContentLength');
  if (!/^\d{1,15}$/.test(text)) throw invalid(name);
  if (Number(text) > largest) throw new S3Error('EntityTooLarge', undefined, { details: { MaxSizeAllowed: largest } });
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
