import { availableParallelism, loadavg } from 'node:os';
import type { BenchPart } from './bench-part.ts';
import { benchBundle } from './bundle/bench-bundle.ts';
import { benchCold } from './cold/bench-cold.ts';
import { type Part, parts } from './figures.ts';
import { benchInspect } from './inspect/bench-inspect.ts';
import { parseOptions, UsageError, usage } from './parse-options.ts';
import { benchPublish } from './publish/bench-publish.ts';
import { rowsOf, type Values } from './rows.ts';
import { benchServer } from './server/bench-server.ts';
import { showRows } from './show-rows.ts';
import { benchStart } from './start/bench-start.ts';
import type { Detail } from './statistics.ts';
import { benchUpload } from './upload/bench-upload.ts';
import { benchWarm } from './warm/bench-warm.ts';

const benches: Readonly<Record<Part, BenchPart>> = {
  bundle: benchBundle,
  cold: benchCold,
  warm: benchWarm,
  start: benchStart,
  upload: benchUpload,
  inspect: benchInspect,
  publish: benchPublish,
  server: benchServer,
};

async function run(args: readonly string[]): Promise<number> {
  const { wanted, json, check, rounds } = parseOptions(args);
  const tell = (text: string): void => void process.stderr.write(text);
  let values: Values = {};
  const details: Detail[] = [];
  const loadBefore = loadavg()[0] ?? 0;
  for (const part of wanted === 'all' ? parts : wanted) {
    const measured = await benches[part]({ rounds, tell });
    values = { ...values, ...measured.values };
    details.push(...measured.details);
  }
  const rows = rowsOf(values, wanted);
  const machine = { node: process.version, processors: availableParallelism(), loadBefore, rounds };
  process.stdout.write(
    json
      ? `${JSON.stringify({ rows, details, machine }, null, 2)}\n`
      : `${showRows(rows, details)}\nNode ${machine.node}, ${machine.processors} processors, load ${loadBefore.toFixed(1)} before\n`,
  );
  return check && rows.some(({ status }) => status === 'over-guard') ? 1 : 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n${usage}\n`);
  process.exitCode = 2;
}
