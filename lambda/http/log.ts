import { type MetricName, type MetricValues, metrics, namespace } from '../../lib/domain/metrics.ts';
import { BadSetting } from '../../lib/domain/problem.ts';

/** From the least to the most urgent. */
export const logLevels = ['info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** One line of JSON a call; CloudWatch reads its keys. Never a token, a signature or a presigned query. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** An error for the log: its name and message, and those of its causes. */
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

/** @throws BadSetting */
export function parseLogLevel(text: string | undefined): LogLevel {
  const level = logLevels.find((one) => one === (text || 'info'));
  if (level === undefined) throw new BadSetting('LOG_LEVEL', `must be one of ${logLevels.join(', ')}`);
  return level;
}

/** The log without messages below the level `least`. Metrics are written elsewhere, at every level. */
export const logFrom =
  (least: LogLevel, log: Log): Log =>
  (level, message, fields) => {
    if (logLevels.indexOf(level) >= logLevels.indexOf(least)) log(level, message, fields);
  };

const directives = new Map<string, string>();

/** One directive for each set of dimensions. There are as many texts as combinations of metrics that occur: a dozen or so. */
function directivesOf(names: readonly MetricName[]): string {
  const key = names.join();
  const known = directives.get(key);
  if (known !== undefined) return known;
  const bySet = new Map<string, MetricName[]>();
  for (const name of names) {
    const set = JSON.stringify(metrics[name].dimensions);
    bySet.set(set, [...(bySet.get(set) ?? []), name]);
  }
  const text = JSON.stringify(
    [...bySet].map(([set, members]) => ({
      Namespace: namespace,
      Dimensions: [JSON.parse(set)],
      Metrics: members.map((name) => ({ Name: name, Unit: metrics[name].unit })),
    })),
  );
  directives.set(key, text);
  return text;
}

/**
 * A line that is a log entry and its metrics at once (CloudWatch user guide, "Specification: Embedded metric format"): the
 * fields stand beside the values, and CloudWatch takes from them what the directives name.
 * @param fields with a key for each dimension of these metrics
 * @param time milliseconds since 1970
 */
export function emfLine(fields: Readonly<Record<string, unknown>>, values: MetricValues, time: number): string {
  const named = directivesOf(Object.keys(values) as MetricName[]);
  const body = JSON.stringify({ ...fields, ...values }).slice(1);
  return `{"_aws":{"Timestamp":${time},"CloudWatchMetrics":${named}},${body}\n`;
}

/**
 * Counts, in a line that says whatever else there is to say. Such a line is written at every log level: a metric is not a message.
 * @param fields with a key for each dimension of these metrics, beside those that the meter has itself
 */
export type Meter = (values: MetricValues, fields?: Readonly<Record<string, unknown>>) => void;

interface MeterOptions {
  /** What every line has, such as the stack's name. */
  readonly common?: Readonly<Record<string, unknown>>;
  readonly now: () => number;
  readonly write: (line: string) => void;
}

export const createMeter =
  ({ common, now, write }: MeterOptions): Meter =>
  (values, fields = {}) =>
    write(emfLine({ ...fields, ...common }, values, now()));
