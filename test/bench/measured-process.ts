import { spawn } from 'node:child_process';
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
