import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { BadSetting } from '../domain/problem.ts';

const marker = 'nix-channel-lambda';
const markerText =
  'npm start of nix-channel-lambda keeps its bucket and keys in this directory, and changes only what it wrote itself.\n';

/** The names of our own files in each folder. No other file there is read or removed. */
export const ownFile = {
  blobs: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  records: /^[0-9a-f]{64}\.json$/,
  temporary: /^[0-9a-f]{64}\.json$/,
} as const;

type Folder = keyof typeof ownFile;
const isFolder = (name: string): name is Folder => Object.hasOwn(ownFile, name);
const isLock = (name: string): boolean => /^lock(?:\.[0-9a-f-]+)?$/.test(name);

/** The names of our own files in a folder: regular files, not symbolic links. */
export const ownFiles = (dataDir: string, folder: Folder): readonly string[] =>
  readdirSync(join(dataDir, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && ownFile[folder].test(entry.name))
    .map(({ name }) => name);

/** The file with the publisher's keys, if npm start generated them. */
export const keysFile = 'publisher.json';

const statOf = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

const refuse = (dataDir: string, why: string): BadSetting =>
  new BadSetting('DATA_DIR', `must be a directory for this service only, but ${dataDir} ${why}`);

/** Whether an entry of a directory without our marker was written by an earlier version. */
function isOurs(dataDir: string, name: string): boolean {
  const stat = statOf(join(dataDir, name));
  if (isLock(name)) return stat?.isFile() === true && /^\d+$/.test(readFileSync(join(dataDir, name), 'utf8'));
  if (!isFolder(name) || stat?.isDirectory() !== true) return false;
  return ownFiles(dataDir, name).length === readdirSync(join(dataDir, name)).length;
}

/** A link in the place of one of our own files would point elsewhere. */
function refuseLinks(dataDir: string): void {
  for (const name of readdirSync(dataDir))
    if (statOf(join(dataDir, name))?.isSymbolicLink() && (isFolder(name) || isLock(name) || name === keysFile))
      throw refuse(dataDir, `has a symbolic link named ${name}: remove it, or choose another directory`);
}

/**
 * Claims a directory, or refuses it. We change its mode and delete files in it, so it must be new, empty, or marked by us, or
 * have only what a version without the marker wrote (`lock`, and `blobs`, `records`, `temporary` with our own file names).
 *
 * @throws BadSetting
 */
export function claimDataDir(dataDir: string): void {
  if (statOf(dataDir) === undefined) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const stat = lstatSync(dataDir);
  if (stat.isSymbolicLink()) throw refuse(dataDir, 'is a symbolic link: use the directory that it points to');
  if (!stat.isDirectory()) throw refuse(dataDir, 'is not a directory');
  if (process.getuid !== undefined && stat.uid !== process.getuid())
    throw refuse(dataDir, 'belongs to another user: choose another directory');
  const names = readdirSync(dataDir);
  const mark = statOf(join(dataDir, marker));
  if (mark === undefined) {
    const foreign = names.find((name) => !isOurs(dataDir, name));
    if (foreign !== undefined)
      throw refuse(
        dataDir,
        `contains ${JSON.stringify(foreign)}, which the service did not write: choose a new or empty directory`,
      );
    if ((stat.mode & 0o1000) !== 0)
      throw refuse(dataDir, 'is shared by all users (its sticky bit is set): choose another directory');
    // After a crash the marker may be incomplete.
  } else if (!mark.isFile() || !markerText.startsWith(readFileSync(join(dataDir, marker), 'utf8'))) {
    throw refuse(dataDir, `contains a file named ${marker} that the service did not write: choose another directory`);
  }
  refuseLinks(dataDir);
  if ((stat.mode & 0o777) !== 0o700) chmodSync(dataDir, 0o700);
  if (mark === undefined) writeFileSync(join(dataDir, marker), markerText, { mode: 0o600 });
}

/** Locks that this process holds: after a restart in a container the new process often has the pid of the old one. */
const held = new Set<string>();

/** Locks a data directory for this process, and returns a function that unlocks it. The lock of a dead process is taken over. */
export function lockDataDir(dataDir: string): () => void {
  const lock = join(dataDir, 'lock');
  const mine = join(dataDir, `lock.${randomUUID()}`);
  const holder = holderOf(lock);
  if (held.has(lock) || (holder !== undefined && holder !== process.pid && isAlive(holder)))
    throw locked(dataDir, lock);
  writeFileSync(mine, String(process.pid), { flag: 'wx' });
  try {
    // A link appears with its whole content, and fails if another process was faster.
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
  const message = `${dataDir} is in use by process ${holderOf(lock)}. Stop that process; if it is another program, remove ${lock}.`;
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
