import { netrcMatches } from './netrc-matches.ts';
import { DamagedNetrc } from './netrc-tokens.ts';

export interface NetrcEntry {
  readonly isDefault: boolean;
  readonly login: string | undefined;
  readonly password: string | undefined;
}

/** What curl would send to a host, or undefined where it sends nothing: the first entry with a password, else the first one. */
export function netrcEntry(text: string, host: string): NetrcEntry | undefined {
  const matches = netrcMatches(text, host);
  const used = matches.find(({ passwords }) => passwords.length > 0) ?? matches[0];
  if (used === undefined) return undefined;
  const { isDefault, logins, passwords } = used;
  return { isDefault, login: logins.at(-1)?.value, password: passwords.at(-1)?.value };
}

/** Whether curl sends an Authorization header by it: it takes what is missing for empty. */
export const isSent = (entry: NetrcEntry | undefined): boolean =>
  entry?.login !== undefined || entry?.password !== undefined;

/** What Nix sends by a file that may be damaged: curl reads no further than an entry that is complete. */
export function sentEntry(text: string, host: string): NetrcEntry | undefined {
  try {
    return netrcEntry(text, host);
  } catch (error) {
    if (!(error instanceof DamagedNetrc)) throw error;
    const entry = netrcEntry(text.slice(0, error.at), host);
    return entry?.login === undefined || entry.password === undefined ? undefined : entry;
  }
}
