import { netrcMatches } from './netrc-matches.ts';

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
