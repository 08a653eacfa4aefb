import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.ts';
import { startTestStore } from '../../support/test-server.ts';
import type { BenchPart } from '../bench-part.ts';
import { detail, median } from '../statistics.ts';
import { type Asked, type RunningServer, type Runs, startServer } from './running-server.ts';

const secondsEachRun = 5;
const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const redirects = fileURLToPath(new URL('redirects.ts', import.meta.url));
const channels = Array.from({ length: 1_000 }, (_, index) => `channel-${index}`);
/** For the worker that measures the channels after its start. */
const restMs = 3_000;

/** The server as one file, as it is installed. */
function packServer(directory: string): string {
  execFileSync(process.execPath, ['bin/bundle-channelctl.ts', '--single-files', directory], { cwd: checkout });
  const [folder = ''] = readdirSync(directory).filter((name) => name.startsWith('nix-channel-server-'));
  return join(directory, folder, 'nix-channel-server.mjs');
}

/** The median of the ratios of runs beside each other. */
const ratio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((value, run) => value / (theirs[run] as number)));

const against = (what: keyof Runs, asked: Asked, ours: RunningServer, theirs: RunningServer): number =>
  ratio(ours.runs[asked][what], theirs.runs[asked][what]);

const detailsOf = (name: string, { runs }: RunningServer) =>
  (['channel', 'permanent'] as const).flatMap((asked) => [
    detail(`${name}, /${asked}: CPU a request`, runs[asked].cpu, 'µs'),
    detail(`${name}, /${asked}: requests a second`, runs[asked].rate, '/s'),
    detail(`${name}, /${asked}: 99th percentile`, runs[asked].p99, 'ms'),
  ]);

/**
 * The server with 1,000 channels against node:http, and against the Rust service whose program RUST_SERVICE names: each with
 * two processes or threads, in turns, with the load on the same processors. The store is that of TEST_S3_ENDPOINT or the stand-in.
 */
export const benchServer: BenchPart = async ({ rounds, tell }) => {
  const { RUST_SERVICE, PATH } = process.env;
  const store = await startTestStore();
  const running: RunningServer[] = [];
  const start = async (program: string, argsOf: (port: string) => readonly string[]): Promise<RunningServer> => {
    const port = await freePort();
    const server = await startServer(port, program, argsOf(port), { PATH, ...store.environment });
    running.push(server);
    return server;
  };
  const endAll = async (): Promise<void> => {
    await Promise.all(running.splice(0).map(({ end }) => end()));
  };
  const flags = (port: string) => {
    const address = `127.0.0.1:${port}`;
    return ['--bucket', store.bucket, '--listen', address, '--base-url', `http://${address}`];
  };
  const directory = mkdtempSync(join(tmpdir(), 'bench-server-'));
  try {
    await store.lay('channels.json', { channels: ['demo', ...channels] });
    for (const channel of channels) await store.lay(`${channel}.json`, { latest: `${channel}-1`, previous: [] });
    await store.lay('demo.json', { latest: 'demo-1', file_extension: '.tar.xz', previous: [] });
    await store.lay('demo-1.tar.xz', 'a release');
    const packed = packServer(directory);
    const startOurs = () =>
      start(process.execPath, (port) => [packed, ...flags(port), '--workers', '2', '--log', 'json']);
    const startPlain = () => start(process.execPath, (port) => [redirects, port]);
    const starts: { readonly ours: RunningServer; readonly plain: RunningServer }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      starts.push({ ours: await startOurs(), plain: await startPlain() });
      await endAll();
    }
    const startSeconds = starts.map(({ ours }) => ours.startSeconds);
    const ours = await startOurs();
    await sleep(restMs);
    const atRest = ours.memory('VmRSS');
    const plain = await startPlain();
    const rust = RUST_SERVICE === undefined ? undefined : await start(RUST_SERVICE, flags);
    for (const server of running) await server.warmUp(2);
    tell(`server: ${rounds} runs of ${secondsEachRun} s of each\n`);
    for (let round = 0; round < rounds; round += 1)
      for (const asked of ['channel', 'permanent'] as const)
        for (const server of running) await server.run(asked, secondsEachRun);
    return {
      values: {
        'server: CPU a request against node:http': against('cpu', 'channel', ours, plain),
        'server: CPU of a start with 1,000 channels against node:http': median(
          starts.map((each) => each.ours.startCpu / each.plain.startCpu),
        ),
        'server: memory of a worker at rest': Math.max(...atRest),
        'server: memory of a worker under load': Math.max(...ours.memory('VmHWM')),
        ...(rust && {
          'server: start with 1,000 channels against the Rust service': median(startSeconds) / rust.startSeconds,
          'server: CPU a request against the Rust service': against('cpu', 'channel', ours, rust),
          'server: requests a second against the Rust service, /channel': against('rate', 'channel', ours, rust),
          'server: requests a second against the Rust service, /permanent': against('rate', 'permanent', ours, rust),
          'server: 99th percentile against the Rust service, /channel': against('p99', 'channel', ours, rust),
          'server: 99th percentile against the Rust service, /permanent': against('p99', 'permanent', ours, rust),
        }),
      },
      details: [
        detail(
          'server: CPU of a start',
          starts.map((each) => each.ours.startCpu),
          'ms',
        ),
        detail('server: start, to the first answer', startSeconds, 's'),
        ...(rust ? [detail('Rust: start, to the first answer', [rust.startSeconds], 's')] : []),
        ...detailsOf('server', ours),
        ...detailsOf('node:http', plain),
        ...(rust ? detailsOf('Rust', rust) : []),
      ],
    };
  } finally {
    await endAll();
    rmSync(directory, { recursive: true });
    await store.close();
  }
};
