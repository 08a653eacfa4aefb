import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does something with a file that is gone afterwards, also where a signal ends the process meanwhile. */
export async function withTemporaryFile<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const end = (signal: NodeJS.Signals): void => {
    rmSync(path, { force: true });
    for (const each of signals) process.off(each, end);
    // Nobody listens any more, so it ends the process as if nobody ever had.
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
    await rm(path, { force: true });
  }
}
