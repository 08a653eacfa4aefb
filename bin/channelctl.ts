#!/usr/bin/env node
import { setTimeout as sleep } from 'node:timers/promises';
import { whenInterrupted } from '../lib/client/api/http.ts';
import { runProgram } from '../lib/client/program.ts';

// A reader of the output, such as `head`, may close it early. The command still finishes its work.
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
    // The SDK and the HTTP client are loaded when they are used: `--help` and `--version` need neither.
    credentials: async (flags) => (await import('../lib/client/api/credentials.ts')).findCredentials(flags),
    send: async (exchange) => (await import('../lib/client/api/http.ts')).send(exchange),
    sleep,
    now: Date.now,
    whenInterrupted,
    operation: () => crypto.randomUUID(),
  },
  process.argv.slice(2),
);
