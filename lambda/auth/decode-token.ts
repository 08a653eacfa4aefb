import { hash } from 'node:crypto';
import { isObject } from '../../lib/domain/names.ts';

/**
 * Whether an object anywhere in the text has a key twice. JSON.parse keeps the last one and says nothing (RFC 8259, 4: "the
 * behavior of software that receives such an object is unpredictable"), so another reader could see other claims.
 *
 * @param json text that JSON.parse takes
 */
export function hasDuplicateKeys(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  for (const [token, string, after] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (after !== undefined) {
      const keys = open.at(-1);
      const key = JSON.parse(string as string) as string;
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** A token taken apart; nothing of it is verified. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  /** `header.payload`: what is signed. */
  readonly signed: string;
  readonly signature: Buffer;
  /** SHA-256 of `header.payload`, hexadecimal: by this the deny list knows a token that has no id. */
  readonly sha256: string;
  /** Why the service refuses this form, whatever the signature: ends of sentences about the token. */
  readonly refusals: readonly string[];
}

interface Undecodable {
  /** The end of a sentence that begins with "This is not a token". */
  readonly rule: string;
}

/**
 * Header parameters that bring a key along or demand an extension (RFC 7515, 4.1.2 to 4.1.6 and 4.1.11). aws-jwt-verify
 * ignores them.
 */
const refusedParameters = ['crit', 'jwk', 'jku', 'x5u', 'x5c'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** RFC 7515, 2: base64url without padding, in the one spelling that its bytes have. */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function decodeObject(part: string): { readonly value: JsonObject; readonly text: string } | Undecodable {
  const bytes = decodePart(part);
  if (bytes === undefined) return { rule: 'is not unpadded base64url' };
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { value, text } : { rule: 'is not a JSON object' };
  } catch {
    return { rule: 'is not JSON' };
  }
}

/** Takes a JWT in compact form apart (RFC 7519): three parts, the first two of them JSON objects. */
export function decodeToken(token: string): DecodedToken | Undecodable {
  const parts = token.split('.', 4);
  const [first = '', second = '', third = ''] = parts;
  if (parts.length !== 3) return { rule: 'it must have three parts, joined by dots' };
  const header = decodeObject(first);
  if ('rule' in header) return { rule: `its header ${header.rule}` };
  const payload = decodeObject(second);
  if ('rule' in payload) return { rule: `its payload ${payload.rule}` };
  const signature = decodePart(third);
  if (signature === undefined) return { rule: 'its signature is not unpadded base64url' };
  const parameters = refusedParameters.filter((name) => Object.hasOwn(header.value, name));
  const hasDuplicates = hasDuplicateKeys(header.text) || hasDuplicateKeys(payload.text);
  const signed = `${first}.${second}`;
  return {
    header: header.value,
    payload: payload.value,
    signed,
    signature,
    sha256: hash('sha256', signed),
    refusals: [
      ...parameters.map((name) => `has "${name}" in its header`),
      ...(hasDuplicates ? ['has duplicate JSON keys'] : []),
    ],
  };
}

const isText = (value: unknown): boolean => typeof value === 'string';
const texts = [isText, 'text'] as const;
const numbers = [Number.isFinite, 'a number'] as const;

/** The types that RFC 7519, 4.1 and RFC 8693, 4.2 give to claims. */
const claimTypes: Readonly<Record<string, readonly [is: (value: unknown) => boolean, type: string]>> = {
  exp: numbers,
  nbf: numbers,
  iat: numbers,
  iss: texts,
  sub: texts,
  jti: texts,
  scope: texts,
  aud: [(value) => isText(value) || (Array.isArray(value) && value.every(isText)), 'text or a list of texts'],
};

/** Claims of another type than they must have, and `kid` of the header, each as the end of a sentence about the token. */
export const wrongTypes = ({ header, payload }: Pick<DecodedToken, 'header' | 'payload'>): readonly string[] => [
  ...Object.entries(claimTypes)
    .filter(([name, [is]]) => payload[name] !== undefined && !is(payload[name]))
    .map(([name, [, type]]) => `has a claim "${name}" that is not ${type}`),
  ...(header.kid === undefined || isText(header.kid) ? [] : ['has a "kid" in its header that is not text']),
];
