import { bodyPlan } from './body-plan.ts';
import { receiveBody } from './receive-body.ts';
import { S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

const largest = 2 * 1024 * 1024;

/** The whole body of an operation that takes XML or nothing, verified like any other. */
export async function readSmallBody({ headers, payloadHash, signature, body }: S3Request): Promise<string> {
  if (payloadHash.startsWith('STREAMING-')) throw new S3Error('NotImplemented');
  // The checksum headers of a completion are about the object, not about this body.
  const own = new Map([['content-length', headers.get('content-length') ?? ['0']]]);
  const md5 = headers.get('content-md5');
  if (md5) own.set('content-md5', md5);
  const plan = bodyPlan(own, payloadHash);
  if (plan.length > largest) throw new S3Error('MaxMessageLengthExceeded');
  const pieces: Buffer[] = [];
  const sink = async (chunk: Buffer) => {
    pieces.push(chunk);
  };
  await receiveBody({ chunks: body, plan, signature, sink });
  return Buffer.concat(pieces).toString();
}
