/** Where a bucket answers: `path` is put before each key. */
export interface BucketLocation {
  readonly bucket: string;
  readonly region: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  readonly path: string;
}

/**
 * Amazon S3 itself is asked by the bucket's own host name, except where dots in the bucket's name would break TLS. Any other
 * endpoint is asked by path, which every S3 server understands.
 */
export function locateBucket(bucket: string, region: string, endpoint?: string): BucketLocation {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const ownHost = endpoint === undefined && !bucket.includes('.');
  const origin = new URL(endpoint ?? `https://${ownHost ? `${bucket}.` : ''}s3.${region}.${suffix}`);
  return {
    bucket,
    region,
    protocol: origin.protocol,
    hostname: origin.hostname,
    port: origin.port === '' ? undefined : Number(origin.port),
    path: ownHost ? '/' : `${origin.pathname.replace(/\/+$/, '')}/${bucket}/`,
  };
}

/** Whether S3 is Amazon's own, by any of its host names. */
export const isAmazon = (endpoint: string | undefined): boolean =>
  endpoint === undefined || /\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
