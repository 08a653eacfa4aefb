import type { HeaderValues } from './header-values.ts';
import type { QueryPair } from './query-pairs.ts';
import { uriDecode } from './uri-decode.ts';
import { uriEncode } from './uri-encode.ts';

export interface CanonicalRequestInput {
  readonly method: string;
  readonly rawPath: string;
  readonly query: readonly QueryPair[];
  readonly headers: HeaderValues;
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
  readonly service: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export function canonicalRequest(input: CanonicalRequestInput): string {
  return [
    input.method,
    input.service === 's3' ? encodedOnce(input.rawPath) : encodedTwice(input.rawPath),
    canonicalQuery(input.query),
    ...input.signedHeaders.map((name) => `${name}:${canonicalValue(input.headers.get(name) ?? [])}`),
    '',
    input.signedHeaders.join(';'),
    input.payloadHash,
  ].join('\n');
}

/** S3 signs the key itself: dots and empty segments are part of it. */
function encodedOnce(rawPath: string): string {
  return uriEncode(uriDecode(rawPath)).replaceAll('%2F', '/');
}

/** Every other service signs the normalized path, encoded again over what was sent. */
function encodedTwice(rawPath: string): string {
  const segments: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const path = `/${segments.join('/')}${segments.length > 0 && rawPath.endsWith('/') ? '/' : ''}`;
  return uriEncode(Buffer.from(path, 'latin1')).replaceAll('%2F', '/');
}

function canonicalQuery(query: readonly QueryPair[]): string {
  return query
    .filter(({ name }) => name !== 'X-Amz-Signature')
    .map(({ encoded }) => encoded)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function canonicalValue(values: readonly string[]): string {
  return values.map((value) => value.trim().replace(/\s+/g, ' ')).join(',');
}
