import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childrenOf, cpuOf, megabytesOf } from './processes.ts';

const connections = 64;
const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const loadScript = fileURLToPath(new URL('load.ts', import.meta.url));

/** What is asked for, over and over. */
const paths = { channel: '/channel/demo.tar.xz', permanent: '/permanent/demo-1.tar.xz' } as const;
export type Asked = keyof typeof paths;

/** One value for each run. */
export interface Runs {
  /** µs of CPU a request. */
  readonly cpu: number[];
  /** Requests a second. */
  readonly rate: number[];
  /** The 99th percentile of the time to an answer, in milliseconds. */
  readonly p99: number[];
}

export interface RunningServer {
  /** Until the first answer, in milliseconds. */
  readonly startCpu: number;
  readonly startSeconds: number;
  /** Of each worker, in megabytes. */
  readonly memory: (field: 'VmRSS' | 'VmHWM') => readonly number[];
  readonly runs: Readonly<Record<Asked, Runs>>;
  /** Loads it for some seconds, which is not one of the runs. */
  readonly warmUp: (seconds: number) => Promise<void>;
  readonly run: (asked: Asked, seconds: number) => Promise<void>;
  readonly end: () => Promise<unknown>;
}

/** Starts a program that serves on this port, and waits until it answers. */
export async function startServer(
  port: string,
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<RunningServer> {
  const begun = performance.now();
  const child = spawn(program, [...args], { cwd: checkout, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const pid = child.pid as number;
  const closed = once(child, 'close');
  const ask = () => fetch(`http://127.0.0.1:${port}${paths.channel}`, { redirect: 'manual' }).catch(() => undefined);
  while ((await ask())?.status !== 307) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    await sleep(10);
  }
  const startSeconds = (performance.now() - begun) / 1_000;
  const load = async (asked: Asked, seconds: number): Promise<{ cpu: number; rate: number; p99: number }> => {
    const before = cpuOf(pid);
    const command = [loadScript, port, paths[asked], String(connections), String(seconds)];
    const client = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    const { answers, p99 } = JSON.parse(await text(client.stdout)) as { answers: number; p99: number };
    return { cpu: (1_000 * (cpuOf(pid) - before)) / answers, rate: answers / seconds, p99 };
  };
  const runs: RunningServer['runs'] = {
    channel: { cpu: [], rate: [], p99: [] },
    permanent: { cpu: [], rate: [], p99: [] },
  };
  return {
    startCpu: cpuOf(pid),
    startSeconds,
    memory: (field) => childrenOf(pid).map((worker) => megabytesOf(worker, field)),
    runs,
    async warmUp(seconds) {
      await load('channel', seconds);
      await load('permanent', seconds);
    },
    async run(asked, seconds) {
      const run = await load(asked, seconds);
      for (const name of ['cpu', 'rate', 'p99'] as const) runs[asked][name].push(run[name]);
    },
    end: () => {
      child.kill('SIGTERM');
      return closed;
    },
  };
}
