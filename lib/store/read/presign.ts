import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import type { BucketLocation } from './bucket-location.ts';
import { Sha256, type StoreKeys } from './keys.ts';

export interface ToPresign {
  readonly method: string;
  readonly key: string;
  readonly expiresInSeconds: number;
  readonly query?: Readonly<Record<string, string>>;
  /** Headers that the request must then send with exactly these values. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type Presign = (request: ToPresign) => Promise<string>;

/** RFC 3986 and AWS's `UriEncode`: what encodeURIComponent leaves alone and S3 does not. */
const escapeUri = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const escapePath = (key: string): string => key.split('/').map(escapeUri).join('/');

/** Signs URLs of one bucket (SigV4 in the query) without a request over the network; about 50 µs each. */
export function createPresign(location: BucketLocation, keys: Pick<StoreKeys, 'get'>, now: () => number): Presign {
  const { region, protocol, hostname, port } = location;
  // Without an S3Client, which would add 350 KB to a bundle and sign the checksum of an empty body into each URL.
  const presigner = new S3RequestPresigner({ credentials: async () => keys.get(), region, sha256: Sha256 });
  return async ({ method, key, expiresInSeconds, query = {}, headers = {} }) => {
    const names = new Set(Object.keys(headers));
    const signed = await presigner.presign(
      {
        method,
        protocol,
        hostname,
        ...(port === undefined ? {} : { port }),
        path: `${location.path}${escapePath(key)}`,
        query: { ...query },
        headers: { ...headers },
      },
      {
        expiresIn: expiresInSeconds,
        unhoistableHeaders: names,
        signableHeaders: new Set(['host', ...names]),
        signingDate: new Date(now()),
      },
    );
    const search = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${escapeUri(name)}=${escapeUri(String(value))}`,
    );
    return `${protocol}//${signed.headers.host}${signed.path}?${search.join('&')}`;
  };
}

export const maxPresignedLifetimeSeconds = 900;
