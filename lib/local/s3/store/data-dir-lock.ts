import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Directories that this very process holds: after a restart in a container the new process often has the old one's pid. */
const held = new Set<string>();

/** Takes a data directory for this process alone, and returns what gives it back. The lock of a dead process is taken over. */
export function lockDataDir(dataDir: string): () => void {
  const lock = join(dataDir, 'lock');
  const mine = join(dataDir, `lock.${randomUUID()}`);
  const holder = holderOf(lock);
  if (held.has(lock) || (holder !== undefined && holder !== process.pid && isAlive(holder)))
    throw locked(dataDir, lock);
  writeFileSync(mine, String(process.pid), { flag: 'wx' });
  try {
    // A link is there whole or not at all, and not where somebody else was faster.
    if (holder === undefined) linkSync(mine, lock);
    else renameSync(mine, lock);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? locked(dataDir, lock) : error;
  } finally {
    rmSync(mine, { force: true });
  }
  held.add(lock);
  return () => {
    held.delete(lock);
    if (holderOf(lock) === process.pid) rmSync(lock, { force: true });
  };
}

function locked(dataDir: string, lock: string): Error {
  const message = `${dataDir} is in use by process ${holderOf(lock)}. Stop that one first; if it is no server, remove ${lock}.`;
  return Object.assign(new Error(message), { code: 'ELOCKED' });
}

function holderOf(lock: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(lock, 'utf8'), 10);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
