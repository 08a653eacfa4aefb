import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { InvalidInput } from '../domain/problem.ts';

/** Bytes; what is given by mistake may be a disk. */
const longest = 65_536;

type Input = AsyncIterable<Uint8Array | string>;

/** What revoking a token needs to know of it. Its text goes nowhere. */
export interface TokenToRevoke {
  /** Of `header.payload`, hexadecimal. */
  readonly sha256: string;
  /** Seconds since 1970, where it has one. */
  readonly expiresAt: number | undefined;
}

const refused = (sentence: string): InvalidInput => new InvalidInput('token', sentence);

async function textOf(file: string, stdin: Input): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of file === '-' ? stdin : createReadStream(file)) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > longest) return '';
    }
    return Buffer.concat(chunks).toString();
  } catch (error) {
    // Who gives the token itself instead of a file must not find it in a log.
    throw refused(`The file of --token cannot be read (${(error as { code?: string }).code}).`);
  }
}

function expiryOf(payload: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return Number.isFinite(exp) ? exp : undefined;
  } catch {
    throw refused('What --token names is no token: its payload is not JSON.');
  }
}

/** Reads a token from a file, or with "-" from standard input. No error quotes any of it. */
export async function tokenToRevoke(file: string, stdin: Input): Promise<TokenToRevoke> {
  const [, signed, payload] = /^\s*([\w-]+\.([\w-]+))\.[\w-]+\s*$/.exec(await textOf(file, stdin)) ?? [];
  if (signed === undefined || payload === undefined)
    throw refused('What --token names is no token: it must be three parts of base64url with dots between them.');
  return { sha256: createHash('sha256').update(signed).digest('hex'), expiresAt: expiryOf(payload) };
}
