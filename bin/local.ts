import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../lib/client/http-exchange.ts';
import { publishDemo } from '../lib/client/publish-demo.ts';
import { demoRelease } from '../lib/local/demo/demo-release.ts';
import { explainStart } from '../lib/local/explain-start.ts';
import { localPublisher, localSettings } from '../lib/local/local-settings.ts';
import { type LocalSystem, startSystem } from '../lib/local/start-system.ts';
import { startText } from '../lib/local/start-text.ts';
import { nodeRequest } from '../lib/store/read/node-request.ts';

async function start(): Promise<LocalSystem> {
  // npm runs this in the checkout; its user may be elsewhere.
  const home = process.env.INIT_CWD ?? process.cwd();
  const read = localSettings(process.env, (path) => readFileSync(resolve(home, path), 'utf8'));
  const settings = { ...read, dataDir: resolve(read.dataDir) };
  const system = await startSystem({
    settings,
    requestTo: (endpoint) => nodeRequest(endpoint.startsWith('https:') ? https : http),
    now: Date.now,
    write: (line) => process.stdout.write(line),
  });
  const { region, ...keys } = localPublisher;
  if (settings.demo)
    await publishDemo({
      ...demoRelease,
      environment: process.env,
      api: { url: system.origin, region, credentials: async () => keys, send, sleep },
    });
  await system.measure();
  process.stdout.write(startText(system, settings, process.env));
  return system;
}

/** npm passes Ctrl-C on after the terminal has sent it already: a second one within a second is the same. */
function endOnSignal(system: LocalSystem): void {
  let first: number | undefined;
  const end = (signal: NodeJS.Signals): void => {
    if (first !== undefined && Date.now() - first > 1_000) process.exit(1);
    if (first !== undefined) return;
    first = Date.now();
    process.stdout.write(`\n${signal}: closing\n`);
    system.close().then(() => process.exit(0));
  };
  process.on('SIGINT', end).on('SIGTERM', end);
}

try {
  endOnSignal(await start());
} catch (error) {
  process.stderr.write(`${explainStart(error)}\n`);
  process.exit(1);
}
