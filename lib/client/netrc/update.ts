import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../../domain/problem.ts';
import { fileBehind, fileProblem, withCleanUp, writeFileWhole } from '../files.ts';
import { netrcFile } from './find.ts';
import { netrcMatches } from './parse.ts';

interface Credentials {
  readonly host: string;
  readonly login: string;
  readonly password: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A quoted word needs no blank before the next word; an unquoted replacement does. */
const withBlank = (text: string, { end, text: by }: Edit): string =>
  by !== '' && /^\S/.test(text.slice(end, end + 1)) ? `${by} ` : by;

const apply = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((edited, edit) => edited.slice(0, edit.start) + withBlank(text, edit) + edited.slice(edit.end), text);

/**
 * A netrc file with these credentials for a host. The host's first entry gets the new values in the same places. Without an
 * entry, a line is added at the top: before a `default`, which would win otherwise, and before a macro that would swallow it.
 * Every other byte stays.
 */
export function mergeNetrc(text: string, { host, login, password }: Credentials): string {
  const [first] = netrcMatches(text, host);
  if (first === undefined || first.isDefault) return `machine ${host} login ${login} password ${password}\n${text}`;
  const { end, logins, passwords } = first;
  const missing = [logins.length === 0 ? ` login ${login}` : '', passwords.length === 0 ? ` password ${password}` : ''];
  return apply(text, [
    { start: end, end, text: missing.join('') },
    ...logins.map((token) => ({ ...token, text: login })),
    ...passwords.map((token) => ({ ...token, text: password })),
  ]);
}

const pollMs = 50;
/** A lock is held for milliseconds. One that does not change for this long was left by a process that was killed. */
const staleAfterMs = 5_000;
const maxWaitMs = 15_000;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}

/** The ID of the process that holds a lock; undefined if none does. */
const holderOf = (lock: string): Promise<string | undefined> => readFile(lock, 'utf8').catch(ignore('ENOENT'));

const create = (lock: string, id: string): Promise<boolean> =>
  writeFile(lock, id, { flag: 'wx', mode: 0o644 })
    .then(() => true, ignore('EEXIST'))
    .then((made) => made === true);

/** Removes a stale lock. If another process has replaced it in the meantime, the new lock is put back. */
export async function breakLock(lock: string, stale: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  await rename(lock, aside).catch(ignore('ENOENT'));
  const taken = await holderOf(aside);
  if (taken !== undefined && taken !== stale) await link(aside, lock).catch(ignore('EEXIST'));
  await rm(aside, { force: true });
}

async function acquire(path: string, lock: string, id: string, sleep: (ms: number) => Promise<void>): Promise<void> {
  let seen: string | undefined;
  let unchangedMs = 0;
  for (let waitedMs = 0; waitedMs < maxWaitMs; waitedMs += pollMs) {
    if (await create(lock, id)) return;
    const holder = await holderOf(lock);
    unchangedMs = holder === seen ? unchangedMs + pollMs : 0;
    seen = holder;
    if (holder !== undefined && unchangedMs >= staleAfterMs) await breakLock(lock, holder);
    else await sleep(pollMs);
  }
  throw new Problem(
    409,
    'locked',
    `${path} is being changed by another process, which holds ${lock}: run the same command again when it has ended.`,
  );
}

interface LockedWork<Plan> {
  /** Reads the file. Called again if the lock was lost in the meantime, for example while the process was suspended. */
  readonly prepare: () => Promise<Plan>;
  /**
   * Changes the file where `isHeld` says at the last moment that the lock is still this process's: to write a file and sync it can
   * take longer than a lock lives. What is left is the time of one rename. Returns whether the work is done.
   */
  readonly commit: (plan: Plan, isHeld: () => Promise<boolean>) => Promise<boolean>;
}

/**
 * Reads and changes a file while no other process does the same. The lock is a file beside it, `FILE.lock`, with the
 * process ID and a random ID. Returns what was prepared.
 */
export function withLock<Plan>(
  path: string,
  sleep: (ms: number) => Promise<void>,
  { prepare, commit }: LockedWork<Plan>,
): Promise<Plan> {
  const lock = `${path}.lock`;
  const id = `${process.pid} ${randomUUID()}\n`;
  const release = (): void => {
    try {
      if (readFileSync(lock, 'utf8') === id) rmSync(lock);
    } catch {
      // It was never created, or is already removed.
    }
  };
  return withCleanUp(release, async () => {
    for (;;) {
      await acquire(path, lock, id, sleep).catch((error) => {
        throw fileProblem(`locked by ${lock}`, path, error);
      });
      const plan = await prepare();
      if (await commit(plan, async () => (await holderOf(lock)) === id)) return plan;
    }
  });
}

export interface NetrcUpdate {
  readonly status: 'added' | 'changed' | 'unchanged';
  /** Whether the file has a `default` entry. */
  readonly hasDefault: boolean;
  /** The mode of the file before and after, if it changes. */
  readonly narrowed?: { readonly from: number; readonly to: number } | undefined;
  /** Whether other users can read it. */
  readonly isShared: boolean;
}

const ownerOnlyMode = 0o600;

interface UpdateOptions {
  readonly dryRun: boolean;
  /** Whether the file is for all users of the machine, so that its mode stays. */
  readonly isSystemFile: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Plan {
  readonly update: NetrcUpdate;
  /** The new file; undefined if nothing changes. */
  readonly file: { readonly content: Buffer; readonly mode: number } | undefined;
}

async function plan(path: string, credentials: Credentials, isSystemFile: boolean): Promise<Plan> {
  const found = await netrcFile(path);
  if (found.state === 'unreadable') throw fileProblem('read', path, found);
  const { text, mode: from } = found.state === 'readable' ? found : { text: '', mode: ownerOnlyMode };
  const merged = mergeNetrc(text, credentials);
  const matches = netrcMatches(text, credentials.host);
  const isKnown = matches[0]?.isDefault === false;
  const mode = isSystemFile ? from : from & ownerOnlyMode;
  return {
    update: {
      status: merged === text ? 'unchanged' : isKnown ? 'changed' : 'added',
      hasDefault: matches.some(({ isDefault }) => isDefault),
      narrowed: mode === from ? undefined : { from, to: mode },
      isShared: (mode & 0o077) !== 0,
    },
    file: merged === text && mode === from ? undefined : { content: Buffer.from(merged, 'latin1'), mode },
  };
}

/**
 * Saves credentials in a netrc file, and makes it readable only for its owner unless it is the system's file. The file is
 * read again under a lock, so that changes of other processes are kept.
 */
export async function updateNetrc(
  path: string,
  credentials: Credentials,
  { dryRun, isSystemFile, sleep }: UpdateOptions,
): Promise<NetrcUpdate> {
  const { update, file } = await plan(path, credentials, isSystemFile);
  if (dryRun || file === undefined) return update;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { update: updated } = await withLock(await fileBehind(path), sleep, {
      prepare: () => plan(path, credentials, isSystemFile),
      commit: ({ file: next }, isHeld) =>
        next === undefined ? isHeld() : writeFileWhole(path, { ...next, replace: true }, isHeld),
    });
    return updated;
  } catch (error) {
    throw fileProblem('written', path, error);
  }
}
