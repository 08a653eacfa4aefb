const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does the work, and says how to go on if a signal ends the process meanwhile. */
export type WhenInterrupted = <Result>(say: () => void, work: () => Promise<Result>) => Promise<Result>;

/** For a process that nobody can interrupt but whoever ends the caller too. */
export const neverInterrupted: WhenInterrupted = (_, work) => work();

export const whenInterrupted: WhenInterrupted = async (say, work) => {
  const end = (signal: NodeJS.Signals): void => {
    for (const each of signals) process.off(each, end);
    say();
    // Whoever else listens ends the process; if nobody does, the signal ends it as if nobody ever had listened.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
};
