import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.ts';
import { startTestStore } from '../../support/test-server.ts';
import type { BenchPart } from '../bench-part.ts';
import { detail, median } from '../statistics.ts';
import { childrenOf, cpuOf, megabytesOf } from './processes.ts';

const connections = 64;
const secondsEachRun = 5;
const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const path = '/channel/demo.tar.xz';

interface Run {
  readonly answers: number;
  readonly p99: number;
}

interface Server {
  /** CPU time until the first answer, in milliseconds. */
  readonly startCpu: number;
  /** Of each worker, in megabytes. */
  readonly memory: (field: 'VmRSS' | 'VmHWM') => readonly number[];
  readonly cpu: number[];
  readonly rate: number[];
  readonly p99: number[];
  readonly load: (seconds: number) => Promise<void>;
  readonly end: () => Promise<unknown>;
}

/** Starts a program that serves on this port, and waits until it answers. */
async function startServer(
  port: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Server> {
  const child = spawn(program, [...args], { cwd: checkout, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const closed = once(child, 'close');
  const ask = () => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' }).catch(() => undefined);
  while ((await ask())?.status !== 307) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    await sleep(50);
  }
  const server: Server = {
    startCpu: cpuOf(child.pid as number),
    memory: (field) => childrenOf(child.pid as number).map((pid) => megabytesOf(pid, field)),
    cpu: [],
    rate: [],
    p99: [],
    async load(seconds) {
      const before = cpuOf(child.pid as number);
      const args = [script('load.ts'), port, path, String(connections), String(seconds)];
      const run = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const { answers, p99 } = JSON.parse(await text(run.stdout)) as Run;
      server.cpu.push((1_000 * (cpuOf(child.pid as number) - before)) / answers);
      server.rate.push(answers / seconds);
      server.p99.push(p99);
    },
    end: () => {
      child.kill('SIGTERM');
      return closed;
    },
  };
  return server;
}

async function warmUp(server: Server): Promise<void> {
  await server.load(2);
  for (const measured of [server.cpu, server.rate, server.p99]) measured.pop();
}

/** The server as one file, as it is installed. */
function packServer(directory: string): string {
  execFileSync(process.execPath, ['bin/bundle-channelctl.ts', '--single-files', directory], { cwd: checkout });
  const [folder = ''] = readdirSync(directory).filter((name) => name.startsWith('nix-channel-server-'));
  return join(directory, folder, 'nix-channel-server.mjs');
}

const startChannels = Array.from({ length: 1_000 }, (_, index) => `channel-${index}`);
/** For the worker that measures the channels after its start. */
const restMs = 3_000;

/** The median of the ratios of runs beside each other. */
const ratio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, run) => value / (theirs[run] as number)));

/**
 * The server against node:http, and against the Rust service whose program RUST_SERVICE names: each with two processes or
 * threads, one after the other, with the load on the same processors. The store is that of TEST_S3_ENDPOINT or the stand-in.
 */
export const benchServer: BenchPart = async ({ rounds, tell }) => {
  const { RUST_SERVICE } = process.env;
  const store = await startTestStore();
  const servers: Server[] = [];
  const start = async (program: string, argsOf: (port: string) => readonly string[]): Promise<Server> => {
    const port = await freePort();
    const server = await startServer(port, program, argsOf(port), { PATH: process.env.PATH, ...store.environment });
    servers.push(server);
    return server;
  };
  const directory = mkdtempSync(join(tmpdir(), 'bench-server-'));
  const flags = (port: string) => [
    '--bucket',
    store.bucket,
    '--listen',
    `127.0.0.1:${port}`,
    '--base-url',
    `http://127.0.0.1:${port}`,
  ];
  try {
    await store.lay('channels.json', { channels: ['demo', ...startChannels] });
    for (const channel of startChannels) await store.lay(`${channel}.json`, { latest: `${channel}-1`, previous: [] });
    await store.lay('demo.json', { latest: 'demo-1', file_extension: '.tar.xz', previous: [] });
    await store.lay('demo-1.tar.xz', 'a release');
    const packed = packServer(directory);
    const startOurs = () =>
      start(process.execPath, (port) => [packed, ...flags(port), '--workers', '2', '--log', 'json']);
    const startPlain = () => start(process.execPath, (port) => [script('redirects.ts'), port]);
    const starts: { readonly ours: number; readonly plain: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const [one, other] = [await startOurs(), await startPlain()];
      starts.push({ ours: one.startCpu, plain: other.startCpu });
      await Promise.all(servers.splice(0).map(({ end }) => end()));
    }
    const ours = await startOurs();
    await sleep(restMs);
    const atRest = ours.memory('VmRSS');
    const plain = await startPlain();
    const rust = RUST_SERVICE === undefined ? undefined : await start(RUST_SERVICE, flags);
    for (const server of servers) await warmUp(server);
    tell(`server: ${rounds} runs of ${secondsEachRun} s of each\n`);
    for (let round = 0; round < rounds; round += 1) for (const server of servers) await server.load(secondsEachRun);
    const details = (name: string, { cpu, rate, p99 }: Server) => [
      detail(`${name}: CPU a request`, cpu, 'µs'),
      detail(`${name}: requests a second`, rate, '/s'),
      detail(`${name}: 99th percentile`, p99, 'ms'),
    ];
    return {
      values: {
        'server: CPU a request against node:http': ratio(ours.cpu, plain.cpu),
        'server: CPU of a start with 1,000 channels against node:http': median(
          starts.map((each) => each.ours / each.plain),
        ),
        'server: memory of a worker at rest': Math.max(...atRest),
        'server: memory of a worker under load': Math.max(...ours.memory('VmHWM')),
        ...(rust && {
          'server: CPU a request against the Rust service': ratio(ours.cpu, rust.cpu),
          'server: requests a second against the Rust service': ratio(ours.rate, rust.rate),
          'server: 99th percentile against the Rust service': ratio(ours.p99, rust.p99),
        }),
      },
      details: [
        detail(
          'server: CPU of a start',
          starts.map((each) => each.ours),
          'ms',
        ),
        ...details('server', ours),
        ...details('node:http', plain),
        ...(rust ? details('Rust', rust) : []),
      ],
    };
  } finally {
    await Promise.all(servers.map(({ end }) => end()));
    rmSync(directory, { recursive: true });
    await store.close();
  }
};
