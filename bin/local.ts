#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { send } from '../lib/client/api/http.ts';
import { hasRelease, publishDemo } from '../lib/client/publish/publish-demo.ts';
import { Problem } from '../lib/domain/problem.ts';
import { versionText } from '../lib/domain/version.ts';
import { sdkChain } from '../lib/local/chain-keys.ts';
import { demoRelease } from '../lib/local/demo/demo-release.ts';
import { localSettings } from '../lib/local/local-settings.ts';
import { type LocalSystem, startSystem } from '../lib/local/start-system.ts';
import { channelctlCommand, explainStart, isCheckout, startText } from '../lib/local/start-text.ts';
import { terminalLog } from '../lib/local/terminal-log.ts';
import { nodeRequest } from '../lib/store/read/request.ts';

const name = 'nix-channel-local';

const print = (text: string): void => {
  process.stdout.write(text);
};

/** Publishes the demo to a new bucket, and returns whether the demo channel has a release. The system also works without. */
async function offerDemo(system: LocalSystem): Promise<boolean> {
  const { region, ...keys } = system.publisher;
  const api = { url: system.origin, region, credentials: async () => keys, send, sleep };
  try {
    if (!(await system.hasCatalog())) await publishDemo({ ...demoRelease, environment: process.env, api });
    return await hasRelease(api, demoRelease.channel);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    print(`The demo channel was not published: ${error.message}\n`);
    return false;
  }
}

async function start(): Promise<LocalSystem> {
  const script = process.argv[1] ?? '';
  // npm runs this in the checkout; paths are relative to the user's directory.
  const directory = (isCheckout(script) && process.env.INIT_CWD) || process.cwd();
  // The package runs anywhere, and a user's home has a .local of its own.
  const environment = isCheckout(script) || process.env.DATA_DIR ? process.env : { ...process.env, DATA_DIR: name };
  const read = localSettings(environment, (path) => readFileSync(resolve(directory, path), 'utf8'));
  const settings = { ...read, dataDir: resolve(read.dataDir) };
  const isText = (settings.log ?? (process.stdout.isTTY ? 'text' : 'json')) === 'text';
  const system = await startSystem({
    settings,
    requestTo: (endpoint) => nodeRequest(endpoint.startsWith('https:') ? https : http),
    findCredentials: sdkChain,
    now: Date.now,
    ...(isText ? terminalLog(Date.now, print) : { write: print }),
  });
  const demo = settings.demo && (await offerDemo(system));
  await system.measure();
  system.open();
  print(startText(system, { ...settings, demo }, process.env, channelctlCommand(script, process.env)));
  return system;
}

/** npm forwards a Ctrl-C that the terminal has already sent: a second signal within a second is the same one. */
function endOnSignal(system: LocalSystem): void {
  let first: number | undefined;
  const end = (signal: NodeJS.Signals): void => {
    if (first !== undefined && Date.now() - first > 1_000) process.exit(1);
    if (first !== undefined) return;
    first = Date.now();
    print(`\n${signal}: stopping\n`);
    system.close().then(() => process.exit(0));
  };
  process.on('SIGINT', end).on('SIGTERM', end);
}

new Command(name)
  .description('Runs the whole service on this machine, with a bucket in a directory and a demo channel.')
  .version(versionText(name, process.version), '--version', 'print the version')
  .addHelpText(
    'after',
    `
Settings are environment variables, such as:
  PORT, S3_PORT   where the API (8080) and the bucket (9000) listen
  DELIVERY        cloudfront: downloads come from a stand-in for CloudFront
  DATA_DIR        the directory of the bucket
  DEMO=0          no demo channel
  LOG=json        log lines and metrics as on AWS
  S3_ENDPOINT     a real S3 server instead of the directory
docs/settings.md has all of them.`,
  )
  .parse();

try {
  endOnSignal(await start());
} catch (error) {
  process.stderr.write(`${explainStart(error)}\n`);
  process.exit(1);
}
