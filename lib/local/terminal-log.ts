import type { Answered } from './gateway/start-gateway.ts';

interface TerminalLog {
  /** Takes a line of the functions. */
  readonly write: (line: string) => void;
  /** Takes an answer of the API. */
  readonly onAnswer: (answered: Answered) => void;
}

const longest = 100;
/** Answers whose request the gateway has not reported yet; bounded, should one never be. */
const mostWaiting = 1_000;

/** Nothing that a terminal obeys, and no more than fits. */
function short(text: string): string {
  const harmless = text.replaceAll(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return harmless.length > longest ? `${harmless.slice(0, longest - 1)}…` : harmless;
}

/** Hours, minutes and seconds, in the time of this machine. */
function clock(milliseconds: number): string {
  const date = new Date(milliseconds);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * What a person reads in the terminal: one short line for each request (time, status, method, path, release), and what the
 * functions report beside. Metrics are left out.
 */
export function terminalLog(now: () => number, print: (text: string) => void): TerminalLog {
  const releases = new Map<string, string>();
  const line = (...parts: readonly string[]): void => print(`${[clock(now()), ...parts.map(short)].join(' ')}\n`);
  return {
    write(text) {
      const { _aws, level, message, requestId, release, ...fields } = JSON.parse(text) as Record<string, unknown>;
      if (message === 'request') {
        if (releases.size >= mostWaiting) releases.clear();
        if (typeof requestId === 'string' && typeof release === 'string') releases.set(requestId, release);
        return;
      }
      if (_aws !== undefined) return;
      const { stack, ...rest } = fields;
      const shown = Object.entries(rest).map(([name, value]) => `${name}: ${asText(value)}`);
      line(asText(level), asText(message), ...shown);
      if (typeof stack === 'string') for (const frame of stack.split('\n')) print(`  ${short(frame)}\n`);
    },
    onAnswer({ requestId, method, path, status }) {
      const release = releases.get(requestId);
      releases.delete(requestId);
      line(String(status), method, path, ...(release === undefined ? [] : [release]));
    },
  };
}
