import type { Log } from '../../lambda/http/log.ts';

export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly message: string;
}

/** A log that keeps its lines. */
export function logLines(): { readonly lines: LogLine[]; readonly log: Log } {
  const lines: LogLine[] = [];
  return { lines, log: (level, message, fields = {}) => lines.push({ level, message, ...fields }) };
}
