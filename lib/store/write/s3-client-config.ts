import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { type BucketAddress, pathStyleOf } from '../read/bucket-location.ts';
import type { StoreKeys } from '../read/store-keys.ts';

export interface StoreAccess extends BucketAddress {
  readonly keys: Pick<StoreKeys, 'get'>;
}

export function s3ClientConfig({ keys, ...address }: StoreAccess): S3ClientConfig {
  const { region, endpoint } = address;
  return {
    region,
    // Said to expire at once, so that the SDK asks each time instead of keeping the first keys for good.
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
