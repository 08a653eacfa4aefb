import { createReadStream, rmSync } from 'node:fs';
import { access, constants, type FileHandle, link, open, readlink, realpath, rename, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidInput, Problem } from '../domain/problem.ts';
import type { ProgramOptions } from './commands/context.ts';
import { ExitError, exitCodes } from './exit-codes.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does the work and cleans up afterwards, also if a signal ends the process. */
export async function withCleanUp<Result>(cleanUp: () => void, work: () => Promise<Result>): Promise<Result> {
  const end = (signal: NodeJS.Signals): void => {
    cleanUp();
    for (const each of signals) process.off(each, end);
    // Without listeners the signal ends the process.
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
    cleanUp();
  }
}

/** Does the work and deletes the file afterwards. */
export const withTemporaryFile = <Result>(path: string, work: () => Promise<Result>): Promise<Result> =>
  withCleanUp(() => rmSync(path, { force: true }), work);

export interface WholeFile {
  readonly content: string | Buffer;
  readonly mode: number;
  /** Whether an existing file is replaced. */
  readonly replace: boolean;
}

export const fileExists = (path: string): Problem =>
  new Problem(409, 'exists', `${path} already exists: give --force to overwrite it, or another name.`);

/** The target of a link, so that the link is kept. It need not exist. */
export async function fileBehind(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const target = await readlink(path).catch(() => undefined);
    return target === undefined ? path : fileBehind(resolve(await realpath(dirname(path)), target));
  }
}

async function assertReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === false)
    throw new InvalidInput('file', `${path} is not a regular file and is not overwritten: give another name.`);
}

/** Otherwise a file that root writes would lock out its owner. */
async function keepOwner(temporary: FileHandle, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await stat(target).catch(() => undefined);
  if (owner !== undefined) await temporary.chown(owner.uid, owner.gid);
}

/** The codes of a directory that cannot be synced. The file itself is written all the same. */
const unsyncable = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP']);

/** Without this, a loss of power can undo the rename of a file. */
async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, 'r');
    await directory.sync();
  } catch (error) {
    if (!unsyncable.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/**
 * Writes a file with all of its content and its mode, or not at all: a crash or a loss of power leaves the old file.
 * write-file-atomic does not sync the directory, and always replaces an existing file.
 * @param mayWrite asked when only the rename is left; where it says no, nothing changes
 * @returns whether the file was written
 */
export async function writeFileWhole(
  path: string,
  { content, mode, replace }: WholeFile,
  mayWrite: () => Promise<boolean> = async () => true,
): Promise<boolean> {
  await assertReplaceable(path);
  const target = await fileBehind(path);
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  return withTemporaryFile(temporary, async () => {
    {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(content);
      await file.chmod(mode);
      if (replace) await keepOwner(file, target);
      await file.sync();
    }
    if (!(await mayWrite())) return false;
    if (replace) await rename(temporary, target);
    else
      await link(temporary, target).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? fileExists(path) : error;
      });
    await syncDirectory(dirname(target));
    return true;
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long; give the name of a file, not its content',
  ELOOP: 'its symbolic links form a loop',
  ENOSPC: 'the disk is full',
};

/** An error of the file system as a Problem. */
export function fileProblem(action: 'read' | 'written' | `locked by ${string}`, path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = 'unknown' } = error as { code?: string };
  return new InvalidInput('file', `${path} cannot be ${action}: ${reasons[code] ?? code}.`);
}

/** Keys, tokens and locks are far smaller, and a disk may be given by mistake. */
const maxTextBytes = 8 * 1024 ** 2;

type TextInput = AsyncIterable<Uint8Array | string>;

/**
 * A small text file; `-` is standard input.
 * @param name for messages: a token that is given instead of its file must not appear in a log
 */
export async function readText(path: string, stdin: TextInput | undefined, name = path): Promise<string> {
  const input: TextInput = path === '-' ? (stdin ?? createReadStream('/dev/null')) : createReadStream(path);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > maxTextBytes) throw new InvalidInput('file', `${name} is larger than 8 MiB.`);
    }
  } catch (error) {
    throw fileProblem('read', name, error);
  }
  return Buffer.concat(chunks).toString();
}

/** Whether writeFileWhole can write it, which creates a temporary file beside it. */
export async function isWritable(path: string): Promise<boolean> {
  try {
    const target = await fileBehind(path);
    await access(dirname(target), constants.W_OK);
    const found = await stat(target).catch(() => undefined);
    return found === undefined || found.isFile();
  } catch {
    return false;
  }
}

type Terminal = NonNullable<ProgramOptions['stdin']>;

/** What a terminal sends in raw mode, where the program edits the line. */
const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: '\b', delete: '\x7f', eraseLine: '\x15' } as const;

/** Reads one line from a terminal without showing it. Ctrl-C ends the command. The terminal is always restored. */
export async function readHidden(prompt: string, terminal: Terminal, err: (text: string) => void): Promise<string> {
  const chunks = terminal[Symbol.asyncIterator]();
  // Before the prompt, so that nothing is shown that is typed at once.
  terminal.setRawMode?.(true);
  err(prompt);
  try {
    let line = '';
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      for (const key of Buffer.from(next.value).toString()) {
        if (key === keys.interrupt) throw new ExitError(exitCodes.interrupted);
        if (key === '\r' || key === '\n' || key === keys.endOfInput) return line;
        if (key === keys.eraseLine) line = '';
        else if (key === keys.backspace || key === keys.delete) line = line.slice(0, -1);
        else line += key;
      }
    return line;
  } finally {
    terminal.setRawMode?.(false);
    err('\n');
    await chunks.return?.();
  }
}
