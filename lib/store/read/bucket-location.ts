import { serviceEndpoint } from '../../domain/aws.ts';

/** Where a bucket answers: `path` is put before each key. */
export interface BucketLocation {
  readonly bucket: string;
  readonly region: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  readonly path: string;
}

/** Whether the bucket is named by the host (`virtual`, https://BUCKET.HOST/KEY) or by the path (https://HOST/BUCKET/KEY). */
export type PathStyle = 'virtual' | 'path';

export const pathStyles = ['virtual', 'path'] as const satisfies readonly PathStyle[];

export interface BucketAddress {
  readonly bucket: string;
  readonly region: string;
  /** Origin, perhaps with a path; undefined is Amazon's own. */
  readonly endpoint?: string | undefined;
  readonly pathStyle?: PathStyle | undefined;
}

/**
 * Amazon S3 itself is asked by the bucket's own host name, except where dots in the bucket's name would break TLS. Any other
 * endpoint is asked by path, which every S3 server understands.
 */
export const pathStyleOf = ({ bucket, endpoint, pathStyle }: Omit<BucketAddress, 'region'>): PathStyle =>
  pathStyle ?? (endpoint === undefined && !bucket.includes('.') ? 'virtual' : 'path');

export function locateBucket(address: BucketAddress): BucketLocation {
  const { bucket, region, endpoint } = address;
  const origin = new URL(endpoint ?? serviceEndpoint('s3', region));
  const below = `${origin.pathname.replace(/\/+$/, '')}/`;
  const ownHost = pathStyleOf(address) === 'virtual';
  return {
    bucket,
    region,
    protocol: origin.protocol,
    hostname: ownHost ? `${bucket}.${origin.hostname}` : origin.hostname,
    port: origin.port === '' ? undefined : Number(origin.port),
    path: ownHost ? below : `${below}${bucket}/`,
  };
}
