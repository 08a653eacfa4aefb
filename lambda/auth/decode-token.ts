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

/** What a token says of itself, before anything of it is believed. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  /** SHA-256 of `header.payload`, hexadecimal: what the deny list knows tokens by that have no other name. */
  readonly hash: string;
}

/**
 * Header parameters that would have us take a key from the token itself or understand what we do not (RFC 7515, 4.1.2 to
 * 4.1.6 and 4.1.11). aws-jwt-verify passes over them.
 */
const refusedParameters = ['crit', 'jwk', 'jku', 'x5u', 'x5c'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** RFC 7515, 2: base64url without padding, in the one spelling that its bytes have. */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function decodeObject(part: string): JsonObject | undefined {
  const bytes = decodePart(part);
  if (bytes === undefined) return undefined;
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) && !hasDuplicateKeys(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what is no token in strict form: three canonical parts, two of them JSON objects without duplicate keys. */
export function decodeToken(token: string): DecodedToken | undefined {
  const parts = token.split('.', 4);
  const [first, second, signature] = parts;
  if (parts.length !== 3 || first === undefined || second === undefined || signature === undefined) return undefined;
  const header = decodeObject(first);
  const payload = decodeObject(second);
  if (header === undefined || payload === undefined || decodePart(signature) === undefined) return undefined;
  if (refusedParameters.some((name) => Object.hasOwn(header, name))) return undefined;
  return { header, payload, hash: hash('sha256', `${first}.${second}`) };
}
