/** Where the command tells how far it is: one moving line on a terminal, a line per step otherwise. */
export interface Progress {
  readonly begin: (what: string, total: number) => void;
  /** @param done of the total, in bytes */
  readonly bytes: (done: number) => void;
  readonly end: () => void;
}

export interface ProgressOutput {
  readonly write: (text: string) => void;
  readonly terminal: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Milliseconds between two drawings of the line. */
const pause = 100;

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export function createProgress({ write, terminal, now }: ProgressOutput): Progress {
  let what = '';
  let total = 0;
  let begun = 0;
  let drawn = 0;
  let offset: number | undefined;

  const line = (done: number): string => {
    const seconds = (now() - begun) / 1_000;
    const rate = seconds > 0 ? (done - (offset ?? 0)) / seconds : 0;
    const left = rate > 0 ? `, ${formatBytes(rate)}/s, ${formatSeconds((total - done) / rate)} left` : '';
    return `${what} ${Math.floor((done / total) * 100)} % of ${formatBytes(total)}${left}`;
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
      if (!terminal || now() - drawn < pause) return;
      drawn = now();
      write(`\r\x1b[K${line(done)}`);
    },
    end() {
      if (terminal) write('\r\x1b[K');
    },
  };
}
