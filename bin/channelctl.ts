#!/usr/bin/env node
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCredentials } from '../lib/client/api/credentials.ts';
import { send } from '../lib/client/api/http.ts';
import { whenInterrupted } from '../lib/client/api/retry.ts';
import { runProgram } from '../lib/client/program.ts';

// Whoever reads the output may have seen enough, as `head` does; what was begun is still brought to its end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(
  {
    environment: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    stdin: process.stdin,
    terminal: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    columns: () => process.stderr.columns,
    credentials: findCredentials,
    send,
    sleep,
    now: Date.now,
    whenInterrupted,
    operation: randomUUID,
  },
  process.argv.slice(2),
);
