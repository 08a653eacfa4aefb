import type { S3Client } from '@aws-sdk/client-s3';
import { isAmazon } from '../../domain/aws.ts';
import type { ConditionalWrites } from '../../domain/conditional-writes.ts';
import type { PartChecksum } from '../../domain/part-checksum.ts';
import type { BucketWriter } from './bucket-writer.ts';
import { createBucketWriter } from './create-bucket-writer.ts';
import { probeConditions } from './probe-conditions.ts';
import { probedWriter } from './probed-writer.ts';
import { serialisedWriter } from './serialised-writer.ts';

export interface WriterOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly conditionalWrites: ConditionalWrites;
  readonly partChecksum: PartChecksum;
  readonly tagReleases: boolean;
  readonly now: () => number;
}

/** The bucket to publish into. Amazon S3 is known to honour conditional writes (S3 user guide, "Conditional writes"). */
export function openWriter(options: WriterOptions): BucketWriter {
  const { client, bucket, endpoint, conditionalWrites: mode, partChecksum, tagReleases, now } = options;
  if (mode === 'serialised')
    return serialisedWriter(createBucketWriter(client, bucket, { tagReleases, partChecksum, sendConditions: false }));
  const writer = createBucketWriter(client, bucket, { tagReleases, partChecksum });
  return isAmazon(endpoint)
    ? writer
    : probedWriter(writer, () => probeConditions({ client, bucket, partChecksum, now }), now);
}
