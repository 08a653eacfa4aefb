import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

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
