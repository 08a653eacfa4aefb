import { InvalidInput } from '../../domain/problem.ts';

/** A word of a netrc file and where it stands, its quotes included. */
export interface NetrcToken {
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
export function* netrcTokens(text: string, skipsMacro: () => boolean): Generator<NetrcToken> {
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
