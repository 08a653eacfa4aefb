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
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
  };
}
