import { createHash, createHmac, type Hash, type Hmac, hash } from 'node:crypto';
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

const escapePath = (key: string): string => key.split('/').map(escapeUri).join('/');

const byName = ([one]: readonly [string, string], [other]: readonly [string, string]): number => (one < other ? -1 : 1);

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** A key that signs for a day (Amazon S3 API reference, "Authenticating Requests: Using Query Parameters"). */
function signingKey(secret: string, day: string, region: string): Buffer {
  const scope = [day, region, 's3', 'aws4_request'];
  return scope.reduce<Buffer | string>(hmac, `AWS4${secret}`) as Buffer;
}

/**
 * Signs URLs of one bucket (SigV4 in the query) without a request over the network. The SDK's presigner would be a third of
 * what serve loads while it starts (docs/performance.md); tests compare each part of a URL with the SDK's.
 */
export function createPresign(location: BucketLocation, keys: Pick<StoreKeys, 'get'>, now: () => number): Presign {
  const { region, protocol, hostname, port } = location;
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  let kept: { readonly secret: string; readonly day: string; readonly key: Buffer } | undefined;
  const keyOf = (secret: string, day: string): Buffer => {
    if (kept?.secret !== secret || kept.day !== day) kept = { secret, day, key: signingKey(secret, day, region) };
    return kept.key;
  };
  return async ({ method, key, expiresInSeconds, query = {}, headers = {} }) => {
    const { accessKeyId, secretAccessKey, sessionToken } = await keys.get();
    const time = new Date(now()).toISOString().replace(/-|:|\.\d+/g, '');
    const day = time.slice(0, 8);
    const scope = `${day}/${region}/s3/aws4_request`;
    const signed = Object.entries({ ...headers, host })
      .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')] as const)
      .sort(byName);
    const signedNames = signed.map(([name]) => name).join(';');
    const path = `${location.path}${escapePath(key)}`;
    const search = Object.entries({
      ...query,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
      'X-Amz-Credential': `${accessKeyId}/${scope}`,
      'X-Amz-Date': time,
      'X-Amz-Expires': String(expiresInSeconds),
      ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
      'X-Amz-SignedHeaders': signedNames,
    })
      .map(([name, value]) => [escapeUri(name), escapeUri(value)] as const)
      .sort(byName)
      .map((pair) => pair.join('='))
      .join('&');
    const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('');
    const canonical = [method, path, search, lines, signedNames, 'UNSIGNED-PAYLOAD'].join('\n');
    const toSign = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical)].join('\n');
    const signature = hmac(keyOf(secretAccessKey, day), toSign).toString('hex');
    return `${protocol}//${host}${path}?${search}&X-Amz-Signature=${signature}`;
  };
}

export const maxPresignedLifetimeSeconds = 900;
