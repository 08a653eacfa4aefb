import { execFileSync, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const reportPeak = new URL('report-peak.mjs', import.meta.url).href;

export interface ProcessRun {
  /** From its start until it is gone. */
  readonly seconds: number;
  readonly output: string;
}

export interface NodeRun extends ProcessRun {
  /** The most resident memory, in 10⁶ bytes. */
  readonly peakMegabytes: number;
}

async function timed(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  outputs: readonly ('ignore' | 'pipe')[],
): Promise<{ readonly seconds: number; readonly texts: readonly string[] }> {
  const begun = process.hrtime.bigint();
  const child = spawn(program, [...args], { cwd: checkout, env: environment, stdio: ['ignore', ...outputs] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const reading = child.stdio.slice(1).map((stream) => (stream === null ? '' : text(stream as Readable)));
  const code = await ended;
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const texts = await Promise.all(reading);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${texts[1]}`);
  return { seconds, texts };
}

/** A program whose output goes to /dev/null. */
export async function timeProgram(program: string, args: readonly string[]): Promise<number> {
  const { seconds } = await timed(program, args, process.env, ['ignore', 'pipe']);
  return seconds;
}

/** A script in a fresh node, as a user runs it; only its memory is reported in addition. */
export async function runNode(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<NodeRun> {
  const all = ['--import', reportPeak, ...args];
  const { seconds, texts } = await timed(process.execPath, all, environment, ['pipe', 'pipe', 'pipe']);
  const [output = '', , kilobytes = ''] = texts;
  return { seconds, output, peakMegabytes: (Number(kilobytes) * 1_024) / 1e6 };
}

function findTaskset(): readonly string[] {
  const pinned = ['taskset', '--cpu-list', '0'];
  try {
    execFileSync(pinned[0] as string, [...pinned.slice(1), 'true']);
    return pinned;
  } catch {
    return [];
  }
}

/** Before a program and its arguments: a start that moves between processors takes up to a fifth more. Empty without taskset. */
export const onOneProcessor = findTaskset();

/** Milliseconds of CPU of a program, and of the programs that it starts. What it prints is not shown. */
export async function cpuOfProgram(command: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>/dev/null';
  const args = ['-c', script, 'bash', ...command];
  const { texts } = await timed('bash', args, { ...environment, LC_ALL: 'C' }, ['ignore', 'pipe']);
  const [user, system] = (texts[1] ?? '').trim().split(' ').map(Number);
  return 1_000 * ((user as number) + (system as number));
}

/** The command as npm installs it, made from the sources: from its TypeScript it starts 0.2 s later, and needs 30 MB more. */
export function installedCommand(): string {
  execFileSync(process.execPath, ['bin/bundle-channelctl.ts'], { cwd: checkout });
  return 'dist/channelctl.js';
}
