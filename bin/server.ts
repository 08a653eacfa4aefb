#!/usr/bin/env node
import cluster from 'node:cluster';

const print = (text: string): void => {
  process.stdout.write(text);
};

// Each kind of process loads its own half of the code.
if (cluster.isPrimary) await import('../lib/server/program.ts').then(({ runPrimary }) => runPrimary(print));
else await import('../lib/server/worker.ts').then(({ runWorker }) => runWorker(print));
