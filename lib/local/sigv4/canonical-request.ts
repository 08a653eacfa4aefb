/** Decodes percent-encoding to bytes. An invalid escape stays as it is. Characters are bytes, as node:http reads a request line. */
export function uriDecode(text: string): Buffer {
  const binary = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(binary, 'latin1');
}

const unreserved = /[A-Za-z0-9\-._~]/;

const encodings = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return unreserved.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** `UriEncode` of the SigV4 specification: everything but RFC 3986's unreserved characters becomes `%XX`. */
export function uriEncode(text: string | Uint8Array): string {
  return Array.from(Buffer.from(text), (byte) => encodings[byte]).join('');
}

/** Header names in lower case, each with its values in their order. */
export type HeaderValues = ReadonlyMap<string, readonly string[]>;

/** Reads node:http's `rawHeaders` (name, value, name, value, …), which, unlike `headers`, has all repeated headers. */
export function headerValues(rawHeaders: readonly string[]): HeaderValues {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    const value = String(rawHeaders[i + 1]);
    const known = headers.get(name);
    if (known === undefined) headers.set(name, [value]);
    else known.push(value);
  }
  return headers;
}

export interface QueryPair {
  readonly name: string;
  readonly value: string;
  /** Name and value as in the canonical query string. */
  readonly encoded: readonly [name: string, value: string];
}

/** The parameters of a raw query string, in order. `+` is a space, as in S3. */
export function queryPairs(rawQuery: string): readonly QueryPair[] {
  return rawQuery
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const at = piece.indexOf('=');
      const [name, value] = at < 0 ? [piece, ''] : [piece.slice(0, at), piece.slice(at + 1)];
      const [nameBytes, valueBytes] = [uriDecode(name.replaceAll('+', ' ')), uriDecode(value.replaceAll('+', ' '))];
      return {
        name: nameBytes.toString(),
        value: valueBytes.toString(),
        encoded: [uriEncode(nameBytes), uriEncode(valueBytes)],
      };
    });
}

interface CanonicalRequestInput {
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

/** S3 signs the path as it is: dots and empty segments are part of the key. */
function encodedOnce(rawPath: string): string {
  return uriEncode(uriDecode(rawPath)).replaceAll('%2F', '/');
}

/** Other services sign the normalized path, encoded a second time. */
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
