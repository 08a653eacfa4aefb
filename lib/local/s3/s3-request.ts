import type { HeaderValues } from '../sigv4/header-values.ts';
import type { VerifiedSignature } from '../sigv4/verify-signature.ts';
import type { Store } from './store/store.ts';

/** A request whose signature is verified and whose operation is known. */
export interface S3Request {
  /** Empty where the operation has none, as the key. */
  readonly bucket: string;
  readonly key: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly headers: HeaderValues;
  readonly payloadHash: string;
  readonly signature: VerifiedSignature;
  readonly body: AsyncIterable<Buffer>;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | AsyncIterable<Buffer>;
  /** Called once when the answer is sent or has failed. */
  readonly release?: () => void;
}

export interface S3Services {
  readonly store: Store;
  readonly region: string;
  readonly clock: () => Date;
}

export type S3Handler = (request: S3Request, services: S3Services) => Promise<S3Answer>;
