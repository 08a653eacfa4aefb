import type { Answered } from './gateway/start-gateway.ts';

interface TerminalLog {
  /** Called with each line of the functions. */
  readonly write: (line: string) => void;
  /** Called with each answer of the API. */
  readonly onAnswer: (answered: Answered) => void;
}

const maxLength = 100;
/** Limits what is kept of requests that the gateway never reports. */
const maxWaiting = 1_000;

/** Without control characters, and at most `maxLength` characters. */
function short(text: string): string {
  const escaped = text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped.length > maxLength ? `${escaped.slice(0, maxLength - 1)}…` : escaped;
}

/** Hours, minutes and seconds in local time. */
function clock(timeMs: number): string {
  const date = new Date(timeMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * The log for people: one short line for each request (time, status, method, path, release), and the functions' other log
 * lines. Metrics are left out.
 */
export function terminalLog(now: () => number, print: (text: string) => void): TerminalLog {
  const releases = new Map<string, string>();
  const line = (...parts: readonly string[]): void => print(`${[clock(now()), ...parts.map(short)].join(' ')}\n`);
  return {
    write(text) {
      const { _aws, level, message, requestId, release, ...fields } = JSON.parse(text) as Record<string, unknown>;
      if (message === 'request') {
        if (releases.size >= maxWaiting) releases.clear();
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
