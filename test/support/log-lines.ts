import type { Log } from '../../lambda/http/log.ts';

export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly message: string;
}

/** A log that keeps its lines, and those of requests apart. */
export function logLines(): { readonly lines: LogLine[]; readonly requests: LogLine[]; readonly log: Log } {
  const lines: LogLine[] = [];
  const requests: LogLine[] = [];
  const log: Log = (level, message, fields = {}) =>
    (message === 'request' ? requests : lines).push({ level, message, ...fields });
  return { lines, requests, log };
}
