import { rmSync } from 'node:fs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does something and cleans up afterwards, also where a signal ends the process meanwhile. */
export async function withCleanUp<Result>(cleanUp: () => void, work: () => Promise<Result>): Promise<Result> {
  const end = (signal: NodeJS.Signals): void => {
    cleanUp();
    for (const each of signals) process.off(each, end);
    // Nobody listens any more, so it ends the process as if nobody ever had.
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
    cleanUp();
  }
}

/** Does something with a file that is gone afterwards. */
export const withTemporaryFile = <Result>(path: string, work: () => Promise<Result>): Promise<Result> =>
  withCleanUp(() => rmSync(path, { force: true }), work);
