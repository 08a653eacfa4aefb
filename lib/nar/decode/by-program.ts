import { execFile, spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { ArchiveRefused, LocalFailure } from '../archive-refused.ts';
import {
  type ChunkSource,
  compressionOf,
  cutOff,
  damaged,
  Intake,
  maxXzMemory,
  type Programs,
  windowTooLarge,
} from '../file.ts';
import type { Spool } from '../spool.ts';
import { decodeXz } from '../xz/liblzma.ts';
import { assertReadsZstd, decodeGzip, decodeZstd, nodeHasZstd, zstdArguments } from './by-zlib.ts';

const pollIntervalMs = 5;

type ByProcess = 'xz' | 'bzip2' | 'zstd';

/**
 * Runs a program that decodes the source and writes to the spool itself, so that the bytes do not pass through this process. Rejects when
 * the program or the spool fails, or when it is aborted; the program has ended by then.
 */
export async function decodeByProcess(
  compression: ByProcess,
  program: string,
  args: readonly string[],
  source: ChunkSource,
  spool: Spool,
  signal: AbortSignal,
): Promise<void> {
  // Without XZ_OPT, BZIP2 and the like, and with messages in English.
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const child = spawn(program, args, { stdio: ['pipe', spool.fd, 'pipe'], env });
  const { stdin, stderr } = child;
  if (!stdin || !stderr) throw new TypeError('a piped stream is missing');
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  let stop: (reason: unknown) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const aborted = () => stop(signal.reason);
  signal.addEventListener('abort', aborted, { once: true });
  const poll = setInterval(() => attempt(() => spool.refreshSize(), stop), pollIntervalMs);
  let messages = '';
  stderr.setEncoding('latin1').on('data', (text: string) => {
    messages = (messages + text).slice(-2000);
  });
  try {
    signal.throwIfAborted();
    const work = Promise.all([exit, feed(source, stdin), finished(stderr)]);
    const [code] = await Promise.race([work, stopped]);
    spool.refreshSize();
    if (code !== 0) throw failure(compression, messages, spool);
  } catch (error) {
    throw asStartFailure(error as NodeJS.ErrnoException, program);
  } finally {
    clearInterval(poll);
    signal.removeEventListener('abort', aborted);
    child.kill('SIGKILL');
    await exit.catch(() => {});
  }
}

/** Stops early when the program closes its input; its exit code then says why. */
async function feed(source: ChunkSource, stdin: NodeJS.WritableStream): Promise<void> {
  let closed = false;
  const gone = new Promise<void>((resolve) => {
    const close = () => {
      closed = true;
      resolve();
    };
    stdin.on('error', close);
    stdin.on('close', close);
  });
  while (!closed) {
    const chunk = await source.next();
    if (chunk === undefined) break;
    await Promise.race([gone, new Promise<void>((resolve) => stdin.write(chunk, () => resolve()))]);
  }
  stdin.end();
}

function failure(compression: ByProcess, messages: string, spool: Spool): Error {
  if (/No space left|Disk quota/.test(messages)) return spool.full(messages);
  if (/Unexpected end|unexpectedly|file ends|premature end/.test(messages)) return cutOff(compression, messages);
  if (/Window size|too much memory for decoding/.test(messages))
    return new ArchiveRefused(windowTooLarge, undefined, { cause: messages });
  if (/[Mm]emory usage limit/.test(messages)) {
    const reason = `needs more than ${maxXzMemory} of memory to unpack, the limit here: compress it with a smaller dictionary, as xz -9 does`;
    return new ArchiveRefused(reason, undefined, { cause: messages });
  }
  return damaged(compression, messages);
}

function asStartFailure(error: NodeJS.ErrnoException, program: string): Error {
  if (!error.syscall?.startsWith('spawn')) return error;
  return new LocalFailure('unsupported', `The program ${program} cannot be started (${error.code}).`, { cause: error });
}

function attempt(work: () => void, onError: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    onError(error);
  }
}

/** Throws if nothing on this machine can read bzip2. */
export function requiredBzip2({ bzip2 }: Programs): string {
  if (bzip2 !== undefined) return bzip2;
  throw new LocalFailure('unsupported', 'The program bzip2, which this archive needs, was not found: install bzip2.');
}

/** Searches a PATH. An xz must be of XZ Utils: that of BusyBox has no -T0. */
export async function findPrograms(path: string | undefined): Promise<Programs> {
  const [xz, bzip2, zstd] = await Promise.all(['xz', 'bzip2', 'zstd'].map((name) => find(name, path)));
  const known = xz !== undefined && (await isXzUtils(xz));
  return { ...(known && { xz }), ...(bzip2 !== undefined && { bzip2 }), ...(zstd !== undefined && { zstd }) };
}

async function find(name: string, path = ''): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter(isAbsolute)) {
    const file = join(directory, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

function isXzUtils(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--version'], { timeout: 5000, env: {} }, (error, output) =>
      resolve(!error && output.includes('XZ Utils')),
    );
  });
}

const xzArguments = ['-dc', '-T0', `--memlimit-decompress=${maxXzMemory.replace(' ', '')}`];

/** Decodes the file into the spool, by its first bytes. What follows the compressed data may stay unread. */
export async function decodeArchive(
  source: ChunkSource,
  spool: Spool,
  programs: Programs,
  signal: AbortSignal,
  nodeZstd = nodeHasZstd,
): Promise<void> {
  const first = await source.next();
  if (first === undefined) throw new ArchiveRefused('is an empty file');
  const whole = startingWith(first, source);
  switch (compressionOf(first)) {
    case 'xz':
      if (programs.xz) return decodeByProcess('xz', programs.xz, xzArguments, whole, spool, signal);
      return decodeXz(whole, spool, signal);
    case 'bzip2':
      return decodeByProcess('bzip2', requiredBzip2(programs), ['-dc'], whole, spool, signal);
    case 'gzip':
      return decodeGzip(new Intake(whole), spool, signal);
    case 'zstd':
      assertReadsZstd(programs, nodeZstd);
      if (!nodeZstd && programs.zstd)
        return decodeByProcess('zstd', programs.zstd, zstdArguments, whole, spool, signal);
      return decodeZstd(new Intake(whole), spool, signal);
    case 'none':
      return copy(whole, spool, signal);
  }
}

function startingWith(first: Buffer, rest: ChunkSource): ChunkSource {
  let begun = false;
  return {
    next: async () => {
      if (begun) return rest.next();
      begun = true;
      return first;
    },
  };
}

async function copy(source: ChunkSource, spool: Spool, signal: AbortSignal): Promise<void> {
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    signal.throwIfAborted();
    await spool.append(chunk);
  }
}
