import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { isAmazon } from '../../domain/aws.ts';
import type { ConditionalWrites, PartChecksum } from '../../domain/store.ts';
import { type BucketAddress, pathStyleOf } from '../read/bucket-location.ts';
import { refusesKeys, type StoreKeys } from '../read/presign.ts';
import { type BucketWriter, createBucketWriter } from './bucket-writer.ts';
import { probeConditions, probedWriter, serialisedWriter } from './conditional-writes.ts';
import { createGuardReader, type ReadGuards } from './guards.ts';
import { statusOf } from './s3-requests.ts';

interface StoreAccess extends BucketAddress {
  readonly keys: Pick<StoreKeys, 'get'>;
}

export function s3ClientConfig({ keys, ...address }: StoreAccess): S3ClientConfig {
  const { region, endpoint } = address;
  return {
    region,
    // They expire at once, so that the SDK asks each time instead of keeping the first keys for good.
    credentials: async () => ({ ...(await keys.get()), expiration: new Date(0) }),
    // Not every S3-compatible store takes the checksums that the SDK adds by itself.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Milliseconds. The gateway waits 30 s; a completion that takes longer is found finished by the repeat.
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 25_000, throwOnRequestTimeout: true },
    forcePathStyle: pathStyleOf(address) === 'path',
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

/** The S3 client. A command whose keys are refused is sent once more if other keys are available by then. */
export function openClient({ keys, ...address }: Omit<StoreAccess, 'keys'> & { readonly keys: StoreKeys }): S3Client {
  const client = new S3Client(s3ClientConfig({ ...address, keys }));
  const { renew } = keys;
  if (renew === undefined) return client;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const used = await keys.get();
        try {
          return await next(args);
        } catch (error) {
          const isRefused = refusesKeys(statusOf(error), (error as Error).name, commandName === 'HeadObjectCommand');
          if (isRefused && (await renew(used))) return next(args);
          throw error;
        }
      },
    { step: 'initialize', name: 'renewKeys' },
  );
  return client;
}

interface BucketOptions extends BucketAddress {
  readonly keys: StoreKeys;
  readonly conditionalWrites: ConditionalWrites;
  readonly partChecksum: PartChecksum;
  readonly tagReleases: boolean;
  readonly now: () => number;
}

interface OpenBucket {
  readonly client: S3Client;
  readonly writer: BucketWriter;
  readonly guards: ReadGuards;
}

/** A bucket to publish into. */
export function openBucket(options: BucketOptions): OpenBucket {
  const client = openClient(options);
  const guards = createGuardReader(client, options.bucket, isAmazon(options.endpoint));
  return { client, writer: openWriter(client, options), guards };
}

/** Amazon S3 is known to honour conditional writes (S3 user guide, "Conditional writes"). */
function openWriter(client: S3Client, options: BucketOptions): BucketWriter {
  const { bucket, endpoint, conditionalWrites: mode, partChecksum, tagReleases, now } = options;
  if (mode === 'serialised')
    return serialisedWriter(createBucketWriter(client, bucket, { tagReleases, partChecksum, sendConditions: false }));
  const writer = createBucketWriter(client, bucket, { tagReleases, partChecksum });
  return isAmazon(endpoint)
    ? writer
    : probedWriter(writer, () => probeConditions({ client, bucket, partChecksum, now }), now);
}
