import { formatBytes } from '../domain/release.ts';

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
