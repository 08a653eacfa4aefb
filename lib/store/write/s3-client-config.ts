import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Credentials } from '../read/presigner.ts';

export interface StoreAccess {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials: Credentials;
}

export function s3ClientConfig({ region, endpoint, credentials }: StoreAccess): S3ClientConfig {
  return {
    region,
    credentials,
    // Not every S3-compatible store takes the checksums that the SDK adds by itself.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Milliseconds. The gateway waits 30 s; a completion that takes longer is found finished by the repeat.
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 25_000, throwOnRequestTimeout: true },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  };
}
