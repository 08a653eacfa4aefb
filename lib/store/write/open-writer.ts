import type { S3Client } from '@aws-sdk/client-s3';
import { isAmazon } from '../read/bucket-location.ts';
import { type BucketWriter, createBucketWriter } from './bucket-writer.ts';
import { probeConditions } from './probe-conditions.ts';
import { probedWriter } from './probed-writer.ts';
import { serialisedWriter } from './serialised-writer.ts';

/** `required`: the store must honour conditional writes. `serialised`: it does not, and a single writer compares for it. */
export type ConditionalWrites = 'required' | 'serialised';

export const conditionalWrites: readonly ConditionalWrites[] = ['required', 'serialised'];

export interface WriterOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly conditionalWrites: ConditionalWrites;
  readonly now: () => number;
}

/** The bucket to publish into. Amazon S3 is known to honour conditional writes (S3 user guide, "Conditional writes"). */
export function openWriter({ client, bucket, endpoint, conditionalWrites: mode, now }: WriterOptions): BucketWriter {
  if (mode === 'serialised') return serialisedWriter(createBucketWriter(client, bucket, 'omitted'));
  const writer = createBucketWriter(client, bucket);
  return isAmazon(endpoint) ? writer : probedWriter(writer, () => probeConditions({ client, bucket, now }), now);
}
