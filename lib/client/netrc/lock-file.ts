import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Problem } from '../../domain/problem.ts';
import { fileProblem, withCleanUp } from '../files.ts';

const pollMs = 50;
/** A lock is held for milliseconds. One that stays the same for so long was left by a process that was killed. */
const staleAfterMs = 5_000;
const patienceMs = 15_000;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if (codeOf(error) !== code) throw error;
  };
}

/** Who holds a lock; undefined where nobody does. */
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
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
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
    `${path} is being changed by other processes, which hold ${lock}: run this again when they have ended.`,
  );
}

interface LockedWork<Plan> {
  /** Reads what there is. Called again where the lock was lost meanwhile, as it may be while the process is suspended. */
  readonly prepare: () => Promise<Plan>;
  readonly commit: (plan: Plan) => Promise<void>;
}

/**
 * Reads and changes a file while no other process does the same. The lock is a file beside it, `FILE.lock`, which holds the
 * process's id and a random one. Gives what was prepared.
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
      // It was never made, or was removed by now.
    }
  };
  return withCleanUp(release, async () => {
    for (;;) {
      await acquire(path, lock, id, sleep).catch((error) => {
        throw fileProblem(`locked by ${lock}`, path, error);
      });
      const plan = await prepare();
      if ((await holderOf(lock)) !== id) continue;
      await commit(plan);
      return plan;
    }
  });
}
