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

/** What ends by a quote needs no blank before the next word; what takes its place does. */
const apart = (text: string, { end, text: by }: Edit): string =>
  by !== '' && /^\S/.test(text.slice(end, end + 1)) ? `${by} ` : by;

const apply = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((edited, edit) => edited.slice(0, edit.start) + apart(text, edit) + edited.slice(edit.end), text);

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
