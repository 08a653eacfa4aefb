#!/usr/bin/env node
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { Command } from 'commander';
import { lineLog, logFrom } from '../lambda/http/log.ts';
import { BadSetting } from '../lib/domain/problem.ts';
import { versionText } from '../lib/domain/version.ts';
import { terminalLog } from '../lib/local/terminal-log.ts';
import { checkStore } from '../lib/server/create-functions.ts';
import { explainStart, explainStore } from '../lib/server/explain.ts';
import { type Primary, startPrimary } from '../lib/server/primary.ts';
import { readPublishers } from '../lib/server/publishers.ts';
import { type ServerFlags, type ServerSettings, serverSettings } from '../lib/server/settings.ts';
import { passedSockets } from '../lib/server/systemd.ts';
import {
  awsKeys,
  batched,
  type FromWorker,
  requestByScheme,
  startWorker,
  type ToWorker,
} from '../lib/server/worker.ts';

const print = (text: string): void => {
  process.stdout.write(text);
};

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

const program = new Command('nix-channel-server')
  .description(
    'Serves Nix channels from a bucket of any S3 store, and takes what channelctl publishes. TLS is left to a proxy.',
  )
  .version(versionText('nix-channel-server', process.version), '--version', 'print the version')
  .option(
    '--listen <address:port>',
    'where to listen, repeatable; without it on the sockets that systemd passes',
    collect,
  )
  .option('--metrics-listen <address:port>', 'where Prometheus finds /metrics; keep it away from readers')
  .option('--base-url <url>', 'what the URLs begin with that readers get, such as https://channels.example.com')
  .option('--bucket <name>', 'the bucket')
  .option('--config-update-seconds <n>', 'how old the catalog and the records may be (default: 30)')
  .option('--jwt-pem <file>', 'a public key of tokens, repeatable; with one, channels are private', collect)
  .option('--publishers <file>', 'who may publish; without it nobody may')
  .option('--workers <n>', 'processes that serve (default: the number of cores)')
  .option('--max-connections <n>', 'connections of a worker at a time (default: 4096)')
  .option('--drain-seconds <n>', 'how long to go on after SIGTERM while /readyz says 503, 0 to 8 (default: 0)')
  .option('--log <form>', 'json or text (default: text on a terminal)')
  .addHelpText(
    'after',
    '\nKeys and region come from AWS_* variables, tokens from JWT_*: docs/server.md has all of them.',
  );

function readSettings(): ServerSettings {
  const environment = process.env;
  const settings = serverSettings(program.parse().opts<ServerFlags>(), {
    environment,
    readFile: (path) => readFileSync(path, 'utf8'),
    readPublishers: (path) =>
      readPublishers(path, {
        uid: process.getuid?.() ?? -1,
        credentialsDirectory: environment.CREDENTIALS_DIRECTORY,
      }),
    cores: availableParallelism(),
    isTerminal: process.stdout.isTTY === true,
  });
  if (settings.listen.length === 0 && passedSockets(environment, process.pid).serve.length === 0)
    throw new BadSetting('--listen', 'is missing: give --listen 0.0.0.0:3000, or start the server from a socket unit');
  return settings;
}

const fail = (sentence: string): never => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
};

/** The AWS SDK looks for files below the home, and fails where the user has none: no HOME, and no entry in passwd. */
function ensureHome(): void {
  try {
    homedir();
  } catch {
    process.env.HOME = '/';
  }
}

async function runPrimary(): Promise<void> {
  ensureHome();
  const settings = readSettings();
  const access = { settings, keys: awsKeys(), request: requestByScheme(), now: Date.now };
  await checkStore(access).catch((error: unknown) => fail(explainStore(error, settings)));
  const write = settings.log === 'text' ? terminalLog(Date.now, print).write : print;
  const log = logFrom(settings.logLevel, lineLog(write));
  let primary: Primary | undefined;
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return;
    isStopping = true;
    // Before it serves there is nothing to finish: the workers end with this process.
    if (primary === undefined) process.exit(0);
    primary.stop(signal).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  primary = await startPrimary({ settings, environment: process.env, log });
}

function runWorker(): void {
  // The primary process decides when a worker ends; a terminal sends its signals to all of them.
  process.on('SIGTERM', () => {}).on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  const lines = batched(print);
  process.on('exit', lines.flush);
  const send = (message: FromWorker): void => {
    // Where the primary process is gone, `disconnect` ends this one.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  let take: ReturnType<typeof startWorker> | undefined;
  process.on('message', async (message: ToWorker, socket: Socket | undefined) => {
    if (message.kind === 'settings')
      take = startWorker({ settings: message.settings, now: Date.now, print: lines.print, send });
    else await (await take)?.(message, socket);
  });
  send({ kind: 'started' });
}

if (cluster.isPrimary) await runPrimary().catch((error: unknown) => fail(explainStart(error)));
else runWorker();
