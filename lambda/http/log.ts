/** From the least to the most urgent. */
export const logLevels = ['info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** One line of JSON a call; CloudWatch reads its keys. Never a token, a signature or a presigned query. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** An error as the log wants it: its name and message, and those of what caused it. */
export function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { name, message, code, cause } = error as { name?: string; message?: string; code?: string; cause?: unknown };
  const own = [name ?? 'Error', code, message].filter((part) => part !== undefined && part !== '').join(': ');
  return cause === undefined ? own : `${own} ← ${describeError(cause)}`;
}

/** @param common what every line has, such as the function that writes it */
export const lineLog =
  (write: (line: string) => void, common: Readonly<Record<string, unknown>> = {}): Log =>
  (level, message, fields = {}) =>
    write(`${JSON.stringify({ level, message, ...common, ...fields })}\n`);
