import { type HeaderValues, type QueryPair, queryPairs, uriDecode, uriEncode } from '../sigv4/canonical-request.ts';
import type { VerifiedSignature } from '../sigv4/verify.ts';
import { S3Error } from './errors.ts';
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

export interface RequestTarget {
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly query: readonly QueryPair[];
  readonly bucket?: string;
  readonly key?: string;
}

const longestKey = 1024;

/** Takes a path-style request target apart: `/bucket/key?query`. Nothing is normalized, for keys are opaque. */
export function requestTarget(url: string): RequestTarget {
  if (!url.startsWith('/')) throw new S3Error('InvalidURI');
  const at = url.indexOf('?');
  const [rawPath, rawQuery] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const [, rawBucket = '', rawKey = ''] = /^\/([^/]*)\/?(.*)$/s.exec(rawPath) ?? [];
  const key = decoded(rawKey);
  if (Buffer.byteLength(key) > longestKey) {
    throw new S3Error('KeyTooLongError', undefined, { details: { MaxSizeAllowed: longestKey } });
  }
  return {
    rawPath,
    rawQuery,
    query: queryPairs(rawQuery),
    ...(rawBucket === '' ? {} : { bucket: decoded(rawBucket) }),
    ...(key === '' ? {} : { key }),
  };
}

function decoded(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(uriDecode(text));
  } catch (cause) {
    throw new S3Error('InvalidURI', undefined, { cause });
  }
}

/** A text from a query as the value of a header: its bytes, one a character. A line break would begin another header. */
export function headerText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new S3Error('InvalidArgument', 'A header value may hold no control characters.');
  return Buffer.from(text).toString('latin1');
}

interface SplitQuery {
  readonly parameters: ReadonlyMap<string, string>;
  /** The request's headers, and those that presigning moved to the query. */
  readonly headers: HeaderValues;
}

const ofSignature = /^X-Amz-(?:Algorithm|Content-Sha256|Credential|Date|Expires|SignedHeaders|Signature)$/;

/** Sorts what stands in a query into parameters, headers in disguise, and what only the signature needs. */
export function splitQuery(
  query: readonly QueryPair[],
  headers: HeaderValues,
  { mechanism }: VerifiedSignature,
): SplitQuery {
  const parameters = new Map<string, string>();
  const allHeaders = new Map(headers);
  for (const { name, value } of query) {
    // The SDKs add the operation's name as x-id, which S3 does not heed either.
    if (name === 'x-id' || (mechanism === 'query' && ofSignature.test(name))) continue;
    if (mechanism === 'query' && /^x-amz-[\w-]+$/i.test(name)) {
      const lower = name.toLowerCase();
      allHeaders.set(lower, [...(allHeaders.get(lower) ?? []), headerText(value)]);
      continue;
    }
    if (parameters.has(name)) throw new S3Error('InvalidArgument', `${name} stands in the query more than once.`);
    parameters.set(name, value);
  }
  return { parameters, headers: allHeaders };
}

/** A header that may come once. */
export function singleHeader(headers: HeaderValues, name: string): string | undefined {
  const [value, ...more] = headers.get(name) ?? [];
  if (more.length > 0) throw new S3Error('InvalidArgument', `${name} was sent more than once.`);
  return value?.trim();
}

/** A count or a number in the query; more than `most` is taken as `most`. */
export function integerParameter(
  parameters: ReadonlyMap<string, string>,
  name: string,
  { otherwise, most }: { readonly otherwise: number; readonly most: number },
): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text)) {
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      details: { ArgumentName: name, ArgumentValue: text },
    });
  }
  return Math.min(Number(text), most);
}

/** How a listing writes keys: with `encoding-type=url` also those that XML cannot hold. */
export function keyEncoding(parameters: ReadonlyMap<string, string>): (key: string) => string {
  const type = parameters.get('encoding-type');
  if (type === undefined) return (key) => key;
  if (type !== 'url') throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  return (key) => uriEncode(key).replaceAll('%2F', '/');
}
