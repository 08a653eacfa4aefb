import { netrcMatches } from './netrc-matches.ts';

export interface Credentials {
  readonly host: string;
  readonly login: string;
  readonly password: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const apply = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((edited, { start, end, text: by }) => edited.slice(0, start) + by + edited.slice(end), text);

/**
 * A netrc file with these credentials for a host. The host's first entry gets other values in the same places; without one a
 * line comes first of all, before any `default`, which would win otherwise, and before any macro that would swallow it.
 * Every other byte stays.
 */
export function mergeNetrc(text: string, { host, login, password }: Credentials): string {
  const [first] = netrcMatches(text, host);
  if (first === undefined || first.isDefault) return `machine ${host} login ${login} password ${password}\n${text}`;
  const { end, logins, passwords } = first;
  const missing = [logins.length === 0 ? ` login ${login}` : '', passwords.length === 0 ? ` password ${password}` : ''];
  return apply(text, [
    { start: end, end, text: missing.join('') },
    ...logins.map((token) => ({ ...token, text: login })),
    ...passwords.map((token) => ({ ...token, text: password })),
  ]);
}
