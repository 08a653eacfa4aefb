import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ArchiveRefused } from '../archive-refused.ts';
import { LocalFailure } from '../local-failure.ts';
import { printableName } from '../printable-name.ts';
import { blockSize } from '../tar/tar-header.ts';
import type { PackEntry } from './pack-entry.ts';
import { type HeaderFields, paddingOf, writeTarHeader } from './write-tar-header.ts';

const top = 'source';
const readSize = 256 * 1024;

/**
 * A tar that depends on the entries and the time alone: by byte order of the paths, below one directory `source`, owned by root, and
 * all of one age. Directories that the entries imply are added.
 */
export async function* tarOfEntries(
  entries: readonly PackEntry[],
  lastModified: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  yield header({ path: `${top}/`, type: '5', mode: 0o755 }, lastModified);
  for (const entry of inOrder(entries)) {
    const path = `${top}/${entry.path}`;
    if (entry.kind === 'directory') yield header({ path: `${path}/`, type: '5', mode: 0o755 }, lastModified);
    else if (entry.kind === 'symlink') yield header({ path, type: '2', mode: 0o777, link: entry.target }, lastModified);
    else {
      const mode = entry.executable ? 0o755 : 0o644;
      yield header({ path, type: '0', mode, size: entry.size }, lastModified);
      for await (const chunk of contentOf(entry)) {
        onRead(chunk.length);
        yield chunk;
      }
      yield Buffer.alloc(paddingOf(entry.size));
    }
  }
  yield Buffer.alloc(2 * blockSize);
}

function header(fields: Pick<HeaderFields, 'path' | 'type' | 'mode'> & Partial<HeaderFields>, mtime: number) {
  return writeTarHeader({ size: 0, link: '', mtime, ...fields });
}

function inOrder(entries: readonly PackEntry[]): readonly PackEntry[] {
  if (entries.length === 0) throw new ArchiveRefused('would be empty');
  const byPath = new Map<string, PackEntry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new ArchiveRefused('is there twice', entry.path);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      const known = byPath.get(parent);
      if (known !== undefined && known.kind !== 'directory')
        throw new ArchiveRefused(`lies below a ${known.kind}`, path);
      if (known === undefined) byPath.set(parent, impliedDirectory(parent));
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function impliedDirectory(path: string): PackEntry {
  return { path, kind: 'directory', executable: false, target: '', source: Buffer.alloc(0), size: 0 };
}

/** Exactly as many bytes as were announced, or an error. */
async function* contentOf(entry: PackEntry): AsyncGenerator<Buffer, void, undefined> {
  const handle = await open(entry.source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause) => {
      throw new LocalFailure('unreadable', `${shown(entry)} cannot be read (${cause.code}).`, { cause });
    },
  );
  try {
    let left = entry.size;
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(readSize, left + 1));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      left -= bytesRead;
      if (left < 0 || (bytesRead === 0 && left > 0)) {
        throw new LocalFailure('changed', `${shown(entry)} changed while it was read; run this again.`);
      }
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function shown(entry: PackEntry): string {
  return printableName(entry.source.toString('latin1'));
}
