import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InvalidInput } from '../domain/problem.ts';

/** What revoking a token needs to know of it. Its text goes nowhere. */
export interface KnownToken {
  /** Of `header.payload`, hexadecimal. */
  readonly sha256: string;
  /** Seconds since 1970, where it has one. */
  readonly expiresAt: number | undefined;
}

const refused = (sentence: string): InvalidInput => new InvalidInput('token', sentence);

async function textOf(file: string, stdin: () => Promise<string>): Promise<string> {
  if (file === '-') return stdin();
  try {
    return await readFile(file, 'utf8');
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
export async function readToken(file: string, stdin: () => Promise<string>): Promise<KnownToken> {
  const [, signed, payload] = /^\s*([\w-]+\.([\w-]+))\.[\w-]+\s*$/.exec(await textOf(file, stdin)) ?? [];
  if (signed === undefined || payload === undefined)
    throw refused('What --token names is no token: it must be three parts of base64url with dots between them.');
  return { sha256: createHash('sha256').update(signed).digest('hex'), expiresAt: expiryOf(payload) };
}
