import { randomUUID } from 'node:crypto';
import { createReadStream, rmSync } from 'node:fs';
import { access, constants, type FileHandle, link, open, readlink, realpath, rename, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidInput, Problem } from '../domain/problem.ts';
import type { ProgramOptions } from './commands/context.ts';
import { ExitError, exitCodes } from './exit-codes.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does something and cleans up afterwards, also where a signal ends the process meanwhile. */
export async function withCleanUp<Result>(cleanUp: () => void, work: () => Promise<Result>): Promise<Result> {
  const end = (signal: NodeJS.Signals): void => {
    cleanUp();
    for (const each of signals) process.off(each, end);
    // Nobody listens any more, so it ends the process as if nobody ever had.
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

/** Does something with a file that is gone afterwards. */
export const withTemporaryFile = <Result>(path: string, work: () => Promise<Result>): Promise<Result> =>
  withCleanUp(() => rmSync(path, { force: true }), work);

export interface WholeFile {
  readonly content: string | Buffer;
  readonly mode: number;
  /** Whether a file that is there gives way. */
  readonly replace: boolean;
}

/** What is refused where a file must not be written over. */
export const fileExists = (path: string): Problem =>
  new Problem(409, 'exists', `${path} already exists and is not overwritten: give --force, or another name.`);

/** The file that a link leads to, so that the link stays one; it need not be there. */
export async function fileBehind(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const target = await readlink(path).catch(() => undefined);
    return target === undefined ? path : fileBehind(resolve(await realpath(dirname(path)), target));
  }
}

/** A device, a pipe or a directory must not give way to a file. */
async function assertReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === false)
    throw new InvalidInput('file', `${path} is no regular file, and is not written over: take another name.`);
}

/** Root's copy would lock out the user whose file it was. */
async function keepOwner(temporary: FileHandle, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await stat(target).catch(() => undefined);
  if (owner !== undefined) await temporary.chown(owner.uid, owner.gid);
}

/** With these a file system or a directory's mode says that it cannot be synced, which takes nothing from what was written. */
const unsyncable = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP']);

/** Puts the name of a file on disk: its content alone survives a loss of power, but not the rename. */
async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, 'r');
    await directory.sync();
  } catch (error) {
    if (!unsyncable.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/**
 * Writes a file that is there with all of its content and its mode, or is not there: a crash or a loss of power leaves the old
 * one. write-file-atomic would not do: it syncs no directory, and cannot leave a file that is there alone.
 */
export async function writeFileWhole(path: string, { content, mode, replace }: WholeFile): Promise<void> {
  await assertReplaceable(path);
  const target = await fileBehind(path);
  const temporary = `${target}.${randomUUID()}.tmp`;
  await withTemporaryFile(temporary, async () => {
    {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(content);
      await file.chmod(mode);
      if (replace) await keepOwner(file, target);
      await file.sync();
    }
    if (replace) await rename(temporary, target);
    else
      await link(temporary, target).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? fileExists(path) : error;
      });
    await syncDirectory(dirname(target));
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no directory',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'it is too long for a name; give the name of a file, not what stands in it',
  ELOOP: 'its links lead in a circle',
  ENOSPC: 'the disk is full',
};

/** What kept a file from being read, written or locked, as a Problem. */
export function fileProblem(deed: 'read' | 'written' | `locked by ${string}`, path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = 'unknown' } = error as { code?: string };
  return new InvalidInput('file', `${path} cannot be ${deed}: ${reasons[code] ?? code}.`);
}

/** Bytes; keys, tokens and locks are far smaller, and what is given by mistake may be a disk. */
const longest = 8 * 1024 ** 2;

type TextInput = AsyncIterable<Uint8Array | string>;

/**
 * A small text file; `-` is standard input.
 * @param name for messages: who gives a token instead of its file must not find it in a log
 */
export async function readText(path: string, stdin: TextInput | undefined, name = path): Promise<string> {
  const input: TextInput = path === '-' ? (stdin ?? createReadStream('/dev/null')) : createReadStream(path);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > longest) throw new InvalidInput('file', `${name} holds more than a file of this kind does.`);
    }
  } catch (error) {
    throw fileProblem('read', name, error);
  }
  return Buffer.concat(chunks).toString();
}

/** Whether writeFileWhole, which makes another file beside it first, can write it for this user. */
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

/** What a terminal sends in raw mode, where it leaves it to the program to edit the line. */
const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: '\b', delete: '\x7f', eraseLine: '\x15' } as const;

/** One line from a terminal that does not show what is typed. Ctrl-C ends the command. The terminal is restored in any case. */
export async function readHidden(prompt: string, terminal: Terminal, err: (text: string) => void): Promise<string> {
  const chunks = terminal[Symbol.asyncIterator]();
  // Before the prompt, or what is typed at once would be shown.
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
