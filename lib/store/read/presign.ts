import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import type { BucketLocation } from './bucket-location.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The keys that requests to the bucket are signed with. */
export interface StoreKeys {
  /** Not a promise where they are in memory. */
  readonly get: () => Credentials | Promise<Credentials>;
  /** Counts up when other keys take the place of those before: URLs that these signed are of no more use. */
  readonly generation: () => number;
  /** After the store refused these: whether there are others now. Absent where they never change. */
  readonly renew?: (refused: Credentials) => Promise<boolean>;
}

/**
 * Whether an answer of S3 may mean that the keys are no longer valid. An answer to HEAD has no body with a code; reading the
 * keys once more costs no more than asking for the reason.
 */
export const refusesKeys = (status: number | undefined, code: string, isHead: boolean): boolean =>
  status === 401 || (status === 403 && isHead) || ['InvalidAccessKeyId', 'SignatureDoesNotMatch'].includes(code);

/** A role's keys stay the same for the life of a sandbox. */
export const fixedKeys = (credentials: Credentials): StoreKeys => ({ get: () => credentials, generation: () => 0 });

type Bytes = string | ArrayBuffer | ArrayBufferView;

const viewOf = (data: Bytes): string | NodeJS.ArrayBufferView =>
  typeof data === 'string' || ArrayBuffer.isView(data)
    ? (data as string | NodeJS.ArrayBufferView)
    : new Uint8Array(data);

/** SHA-256, or HMAC-SHA-256 with a secret, in the shape that the SDK's signers take (`ChecksumConstructor`). */
export class Sha256 {
  readonly #secret: Bytes | undefined;
  #state: Hash | Hmac;

  constructor(secret?: Bytes) {
    this.#secret = secret;
    this.#state = this.#fresh();
  }

  #fresh(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', viewOf(this.#secret));
  }

  update(data: Bytes): void {
    this.#state.update(viewOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#state.digest();
  }

  reset(): void {
    this.#state = this.#fresh();
  }
}

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

export const escapePath = (key: string): string => key.split('/').map(escapeUri).join('/');

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
