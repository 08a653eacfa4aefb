import { type HeaderValues, type QueryPair, queryPairs, uriDecode, uriEncode } from '../sigv4/canonical-request.ts';
import type { VerifiedSignature } from '../sigv4/verify.ts';
import { S3Error } from './errors.ts';
import type { Store } from './store/store.ts';

/** A verified request to a known operation. */
export interface S3Request {
  /** Empty if the operation has none. */
  readonly bucket: string;
  /** Empty if the operation has none. */
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
  /** Called once, after the answer was sent or failed. */
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

const maxKeyBytes = 1024;

/** Parses a path-style request target: `/bucket/key?query`. Nothing is normalized, because keys are opaque. */
export function requestTarget(url: string): RequestTarget {
  if (!url.startsWith('/')) throw new S3Error('InvalidURI');
  const at = url.indexOf('?');
  const [rawPath, rawQuery] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const [, rawBucket = '', rawKey = ''] = /^\/([^/]*)\/?(.*)$/s.exec(rawPath) ?? [];
  const key = decoded(rawKey);
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new S3Error('KeyTooLongError', undefined, { details: { MaxSizeAllowed: maxKeyBytes } });
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

/** A text from the query as a header value: one character per byte. A line break would start another header. */
export function headerText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new S3Error('InvalidArgument', 'A header value must not have control characters.');
  return Buffer.from(text).toString('latin1');
}

interface SplitQuery {
  readonly parameters: ReadonlyMap<string, string>;
  /** The headers of the request, and those that presigning moved to the query. */
  readonly headers: HeaderValues;
}

const signatureParameters = /^X-Amz-(?:Algorithm|Content-Sha256|Credential|Date|Expires|SignedHeaders|Signature)$/;

/** Separates the query into parameters and hoisted headers, without the parameters of the signature. */
export function splitQuery(
  query: readonly QueryPair[],
  headers: HeaderValues,
  { mechanism }: VerifiedSignature,
): SplitQuery {
  const parameters = new Map<string, string>();
  const allHeaders = new Map(headers);
  for (const { name, value } of query) {
    // The SDKs add the operation's name as x-id, which S3 ignores as well.
    if (name === 'x-id' || (mechanism === 'query' && signatureParameters.test(name))) continue;
    if (mechanism === 'query' && /^x-amz-[\w-]+$/i.test(name)) {
      const lower = name.toLowerCase();
      allHeaders.set(lower, [...(allHeaders.get(lower) ?? []), headerText(value)]);
      continue;
    }
    if (parameters.has(name)) throw new S3Error('InvalidArgument', `${name} is in the query more than once.`);
    parameters.set(name, value);
  }
  return { parameters, headers: allHeaders };
}

/** A header that must not be repeated. */
export function singleHeader(headers: HeaderValues, name: string): string | undefined {
  const [value, ...more] = headers.get(name) ?? [];
  if (more.length > 0) throw new S3Error('InvalidArgument', `${name} was sent more than once.`);
  return value?.trim();
}

/** A number in the query; larger values are reduced to `max`. */
export function integerParameter(
  parameters: ReadonlyMap<string, string>,
  name: string,
  { defaultValue, max }: { readonly defaultValue: number; readonly max: number },
): number {
  const text = parameters.get(name);
  if (text === undefined || text === '') return defaultValue;
  if (!/^\d{1,9}$/.test(text)) {
    throw new S3Error('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      details: { ArgumentName: name, ArgumentValue: text },
    });
  }
  return Math.min(Number(text), max);
}

/** How a listing encodes keys: `encoding-type=url` allows those that XML cannot represent. */
export function keyEncoding(parameters: ReadonlyMap<string, string>): (key: string) => string {
  const type = parameters.get('encoding-type');
  if (type === undefined) return (key) => key;
  if (type !== 'url') throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  return (key) => uriEncode(key).replaceAll('%2F', '/');
}
