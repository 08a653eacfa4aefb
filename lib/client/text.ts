import { escapeControls } from '../domain/names.ts';
import { formatBytes } from '../domain/release.ts';

/** Rows of cells in columns; as many columns as the first row has are aligned. */
export const table = (rows: readonly (readonly string[])[]): string => {
  // There can be more rows than a call takes arguments.
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, (row[column] ?? '').length), 0),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** What was laid out over several lines, as one. */
export const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');

/** Whatever number it is: a Date holds no larger one. */
export const timeText = (seconds: number): string =>
  Math.abs(seconds) <= 8_640_000_000_000 ? new Date(seconds * 1_000).toISOString() : String(seconds);

/** `escapeControls` for text of several lines, which stay. */
export const escapeLines = (text: string): string => text.split('\n').map(escapeControls).join('\n');

/** The same for every text and every key of an answer, so that none of them can begin a line of its own. */
export function escapeDeep<Value>(value: Value): Value {
  const escaped = (each: unknown): unknown => {
    if (typeof each === 'string') return escapeControls(each);
    if (Array.isArray(each)) return each.map(escaped);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [escapeControls(key), escaped(inner)]));
  };
  return escaped(value) as Value;
}

/** Forgejo's runner sets it too. */
export const isGithubActions = ({ GITHUB_ACTIONS }: Readonly<Record<string, string | undefined>>): boolean =>
  GITHUB_ACTIONS === 'true';

/** In the value of a workflow command; its properties also need `:` and `,` (GitHub's toolkit, "command.ts"). */
const commandData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

/** Shows an error at the workflow run. */
export const errorAnnotation = (message: string): string => `::error title=channelctl::${commandData(message)}\n`;

/**
 * What a release, an archive or an API holds must not act as a workflow command: the runner obeys `::name::` at the beginning of a
 * line, and `##[name]` anywhere. The escapes are valid in JSON too.
 */
export const withoutCommands = (text: string): string =>
  text.replaceAll('##[', '#\\u0023[').replaceAll(/^([^\S\n]*):(?=:)/gm, '$1\\u003a');

/** Shows how far a command is: one moving line on a terminal, otherwise one line for each step. */
export interface Progress {
  readonly begin: (what: string, total: number) => void;
  /** @param done of the total, in bytes */
  readonly bytes: (done: number) => void;
  readonly end: () => void;
}

/** For whoever shows none. */
export const noProgress: Progress = { begin: () => {}, bytes: () => {}, end: () => {} };

interface ProgressOutput {
  readonly write: (text: string) => void;
  readonly terminal: boolean;
  /** The current width of the terminal; undefined if unknown. */
  readonly columns: () => number | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const redrawAfterMs = 100;

export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** As many parts as fit: a line that wraps cannot be overwritten. The last column stays free. */
function shortened(parts: readonly string[], width: number): string {
  let line = '';
  for (const part of parts) {
    if (line.length + part.length > width) break;
    line += part;
  }
  return line || (parts[0] ?? '').slice(0, Math.max(0, width));
}

export function createProgress({ write, terminal, columns, now }: ProgressOutput): Progress {
  let what = '';
  let total = 0;
  let begun = 0;
  let drawn = 0;
  let offset: number | undefined;

  const line = (done: number): string => {
    const seconds = (now() - begun) / 1_000;
    const rate = seconds > 0 ? (done - (offset ?? 0)) / seconds : 0;
    const parts = [`${what} ${total === 0 ? 100 : Math.floor((done / total) * 100)} %`, ` of ${formatBytes(total)}`];
    if (rate > 0) parts.push(`, ${formatBytes(rate)}/s`, `, ${formatSeconds((total - done) / rate)} left`);
    return shortened(parts, (columns() || 80) - 1);
  };

  return {
    begin(step, bytes) {
      what = step;
      total = bytes;
      begun = now();
      drawn = 0;
      offset = undefined;
      if (!terminal) write(`${what} ${formatBytes(total)}\n`);
    },
    bytes(done) {
      offset ??= done;
      if (!terminal || now() - drawn < redrawAfterMs) return;
      drawn = now();
      write(`\r\x1b[K${line(done)}`);
    },
    end() {
      if (terminal) write('\r\x1b[K');
    },
  };
}
