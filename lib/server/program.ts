import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { Command } from 'commander';
import { lineLog, logFrom } from '../../lambda/http/log.ts';
import { BadSetting } from '../domain/problem.ts';
import { versionText } from '../domain/version.ts';
import { terminalLog } from '../local/terminal-log.ts';
import { explainStart, explainStore } from './explain.ts';
import { type Primary, startPrimary } from './primary.ts';
import { readPublishers } from './publishers.ts';
import { type ServerFlags, type ServerSettings, serverSettings } from './settings.ts';
import { awsKeys, checkStore, requestByScheme } from './store-access.ts';
import { passedSockets } from './systemd.ts';

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

async function startProgram(print: (text: string) => void): Promise<void> {
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

/** Reads the flags, and starts the primary process. Ends this process where it cannot start. */
export async function runPrimary(print: (text: string) => void): Promise<void> {
  await startProgram(print).catch((error: unknown) => fail(explainStart(error)));
}
