import { InvalidInput } from '../../domain/problem.ts';

/** A word of a netrc file and where it stands, its quotes included. */
interface NetrcToken {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A file that curl gives up at a place of; what stands before it counts. */
export class DamagedNetrc extends InvalidInput {
  readonly at: number;

  constructor(text: string, at: number) {
    super('netrc', `Line ${lineOf(text, at)} of the netrc file has a quote that is not closed.`);
    this.at = at;
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const isBlank = (sign: string | undefined): boolean => sign !== undefined && ' \t\n\v\f\r'.includes(sign);

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** From an opening quote to its closing one, on the same line. */
function quotedToken(text: string, start: number): NetrcToken {
  let value = '';
  for (let at = start + 1; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === '"') return { value, start, end: at + 1 };
    if (text[at] === '\\') {
      at += 1;
      if (at === text.length || text[at] === '\n') break;
      value += escapes[text[at] as string] ?? text[at];
    } else value += text[at];
  }
  throw new DamagedNetrc(text, start);
}

/** The end of a macro: the next line that is empty, or the end of the file. */
function endOfMacro(text: string, from: number): number {
  const end = /\n(?=\r?\n)/g;
  end.lastIndex = from;
  const found = end.exec(text);
  return found === null ? text.length : found.index + 1;
}

/**
 * The words of a netrc file as curl takes them (lib/netrc.c): separated by blanks and line ends alike, `#` at the beginning of one
 * starts a comment, and quotes hold blanks. `skipsMacro` is asked at each `macdef` whether one begins there, for curl knows
 * macros outside of an entry that it uses alone.
 */
function* netrcTokens(text: string, skipsMacro: () => boolean): Generator<NetrcToken> {
  let at = 0;
  while (at < text.length) {
    if (isBlank(text[at])) at += 1;
    else if (text[at] === '#') {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (text[at] === '"') {
      const token = quotedToken(text, at);
      yield token;
      at = token.end;
    } else {
      const start = at;
      while (at < text.length && !isBlank(text[at])) at += 1;
      const value = text.slice(start, at);
      if (value.toLowerCase() === 'macdef' && skipsMacro()) at = endOfMacro(text, at);
      else yield { value, start, end: at };
    }
  }
}

/** A part of a netrc file that holds for a host: its `machine` entry, or a `default`. */
interface NetrcMatch {
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

/** Over this Nix's curl drops a password, and says nothing. */
export const longestPassword = 4095;

/** The Authorization header that curl sends by an entry; undefined where it sends none. */
export function basicAuthorization(entry: NetrcEntry | undefined): string | undefined {
  const { login = '', password = '' } = entry ?? {};
  if (!isSent(entry) || password.length > longestPassword) return undefined;
  return `Basic ${Buffer.from(`${login}:${password}`, 'latin1').toString('base64')}`;
}

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
