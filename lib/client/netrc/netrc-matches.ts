import { type NetrcToken, netrcTokens } from './netrc-tokens.ts';

/** A part of a netrc file that holds for a host: its `machine` entry, or a `default`. */
export interface NetrcMatch {
  readonly isDefault: boolean;
  /** Where the host's name, or `default`, ends. */
  readonly end: number;
  /** The last of each counts. */
  readonly logins: readonly NetrcToken[];
  readonly passwords: readonly NetrcToken[];
}

interface OpenMatch extends NetrcMatch {
  readonly logins: NetrcToken[];
  readonly passwords: NetrcToken[];
}

/**
 * What a netrc file says of a host, in its order; curl takes the first that has a password. It depends on the host, because
 * curl looks for keywords in what it passes over too, values among it.
 */
export function netrcMatches(text: string, host: string): NetrcMatch[] {
  const matches: OpenMatch[] = [];
  let match: OpenMatch | undefined;
  let next: 'keyword' | 'host' | 'login' | 'password' = 'keyword';
  const open = (isDefault: boolean, { end }: NetrcToken): OpenMatch => {
    const opened = { isDefault, end, logins: [], passwords: [] };
    matches.push(opened);
    return opened;
  };
  for (const token of netrcTokens(text, () => match === undefined && next === 'keyword')) {
    const word = token.value.toLowerCase();
    if (next === 'host') {
      match = word === host.toLowerCase() ? open(false, token) : undefined;
      next = 'keyword';
    } else if (next === 'login' || next === 'password') {
      match?.[`${next}s`].push(token);
      // curl has what it looks for, and reads no further.
      if (match !== undefined && match.logins.length > 0 && match.passwords.length > 0) match = undefined;
      next = 'keyword';
    } else if (word === 'machine') next = 'host';
    else if (word === 'default') match = open(true, token);
    else if (match !== undefined && (word === 'login' || word === 'password')) next = word;
  }
  return matches;
}
