import { createHash } from 'node:crypto';
import { isObject } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';

type Json = Readonly<Record<string, unknown>>;

/** A token taken apart, and nothing of it verified. */
export interface ReadToken {
  /** Without the blanks around it. */
  readonly text: string;
  readonly header: Json;
  readonly payload: Json;
  /** `header.payload`: what is signed. */
  readonly signed: string;
  readonly signature: Buffer;
  /** Of `header.payload`, in hexadecimal: by this the deny list knows a token that has no id. */
  readonly sha256: string;
}

/** No message quotes the token: it is a password. */
const refused = (rule: string): InvalidInput =>
  new InvalidInput(
    'token',
    `This is no token (a JWT, RFC 7519): ${rule}. Give the token alone, as token create prints it.`,
  );

function decode(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (part === '' || bytes.toString('base64url') !== part) throw refused(`its ${name} is not unpadded base64url`);
  return bytes;
}

function decodeObject(part: string, name: string): Json {
  const bytes = decode(part, name);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw refused(`its ${name} is not JSON`);
  }
  if (!isObject(value)) throw refused(`its ${name} is not a JSON object`);
  return value;
}

/** Takes a token apart; throws InvalidInput for anything else. */
export function readToken(given: string): ReadToken {
  const text = given.trim();
  if (text === '') throw new InvalidInput('token', 'No token came in: give it on standard input, or name its file.');
  const parts = text.split('.', 4);
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3) throw refused('it must have three parts, joined by dots');
  const signed = `${header}.${payload}`;
  return {
    text,
    header: decodeObject(header, 'header'),
    payload: decodeObject(payload, 'payload'),
    signed,
    signature: decode(signature, 'signature'),
    sha256: createHash('sha256').update(signed).digest('hex'),
  };
}

/** Over this Nix's curl drops a password, and says nothing. */
export const longestPassword = 4095;

/** What older clients did with a long password from netrc (curl/curl 2676 and 15513). */
export function lengthWarnings(length: number): string[] {
  if (length > longestPassword)
    return [
      `The token is ${length} characters long: curl, and so Nix, drops passwords over ${longestPassword} silently.`,
    ];
  const cut = length > 246 ? ', curl before 7.61 (2018) cuts it off' : '';
  return length > 128
    ? [`The token is ${length} characters long: curl 8.11.0 refuses netrc passwords over 128${cut}.`]
    : [];
}
