import { createHash } from 'node:crypto';
import type { VerifiedSignature } from '../sigv4/verify-signature.ts';
import { awsChunked } from './aws-chunked.ts';
import type { BodyPlan } from './body-plan.ts';
import { type ChecksumName, checksum } from './checksum.ts';
import { S3Error } from './s3-error.ts';

export interface ReceivedBody {
  readonly size: number;
  /** In hex. */
  readonly md5: string;
  /** In base64, of the algorithm that the plan or else `alsoCompute` names. */
  readonly checksum?: string;
}

export interface BodyDelivery {
  readonly chunks: AsyncIterable<Buffer>;
  readonly plan: BodyPlan;
  readonly signature: VerifiedSignature;
  readonly sink: (chunk: Buffer) => Promise<void>;
  readonly alsoCompute?: ChecksumName | undefined;
}

/** Passes a body on to the sink and throws at its end if it is not what the plan says. */
export async function receiveBody({ chunks, plan, signature, sink, alsoCompute }: BodyDelivery): Promise<ReceivedBody> {
  const md5 = createHash('md5');
  const sha256 = plan.sha256 === undefined ? undefined : createHash('sha256');
  const algorithm = plan.checksum?.algorithm ?? alsoCompute;
  const running = algorithm && checksum[algorithm].start();
  let claimed = plan.checksum?.value;
  let size = 0;
  for await (const chunk of unwrapped(chunks, plan, signature, (value) => {
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

function unwrapped(
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
