#!/usr/bin/env node
import { send, whenInterrupted } from '../lib/client/api/http.ts';
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
    // The SDK is loaded when it is used: `--help` and `--version` do not need it.
    credentials: async (flags) => (await import('../lib/client/api/credentials.ts')).findCredentials(flags),
    send,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    now: Date.now,
    whenInterrupted,
    operation: () => crypto.randomUUID(),
  },
  process.argv.slice(2),
);
