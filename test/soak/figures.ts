import type { Finished } from './clients.ts';
import type { Readings } from './readers.ts';

/** The value that this share of all is not above. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const count = (values: Iterable<string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([what, number]) => `${what} ${number}`)
    .join(', ') || 'none';

const timesOf = (values: readonly number[]): string =>
  `p50 ${Math.round(percentile(values, 0.5))} ms, p99 ${Math.round(percentile(values, 0.99))} ms`;

export interface Figures {
  readonly seconds: number;
  readonly calmSeconds: number;
  readonly finished: readonly Finished[];
  readonly readings: Readings;
  readonly faults: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly changes: number;
  readonly findings: readonly string[];
}

export function figuresText(figures: Figures): string {
  const { seconds, calmSeconds, finished, readings, faults, requests, kills, changes, findings } = figures;
  const kinds = [...new Set(finished.map(({ run }) => run.kind))].toSorted();
  const outcomeOf = ({ run, result }: Finished): string => (result === 'killed' ? 'killed' : run.outcome);
  const rows = kinds.map((kind) => {
    const own = finished.filter(({ run }) => run.kind === kind);
    return `  ${kind.padEnd(9)} ${String(own.length).padStart(6)}: ${listed(count(own.map(outcomeOf)))}`;
  });
  const runs = finished.filter(({ result }) => result !== 'killed').map(({ run }) => run.endedAt - run.begunAt);
  const channels = readings.channels.map(({ status }) => String(status));
  const releases = readings.releases.map(({ status }) => String(status));
  return [
    `${Math.round(seconds)} s, of which ${Math.round(calmSeconds)} s calm`,
    `runs of the command: ${finished.length} (${listed(count(finished.map(outcomeOf)))})`,
    ...rows,
    `  ${timesOf(runs)}; waits before another try: ${finished.reduce((sum, { waits }) => sum + waits, 0)}`,
    `  answers of the API: ${listed(count(finished.flatMap(({ statuses }) => statuses.map(String))))} (0: none)`,
    `changes in the histories: ${changes}`,
    `reads of /channel: ${channels.length} (${listed(count(channels))})`,
    `reads of /permanent: ${releases.length} (${listed(count(releases))}), files compared: ${readings.releases.filter(({ sha256 }) => sha256 !== undefined).length}`,
    ...Object.entries(readings.latencies).map(([what, values]) => `  ${what}: ${timesOf(values)}`),
    `  without an answer: ${listed(readings.unanswered)}`,
    `requests to the bucket: ${requests}, faults: ${listed(faults)}`,
    `kill -9: ${listed(kills)}`,
    `findings of the doctor before the interrupted commands were run again: ${listed(count(findings))}`,
  ].join('\n');
}
