import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ArchiveRefused, LocalFailure, printableName } from '../archive-refused.ts';
import { entryPath } from '../tree.ts';
import { encodeXz, inPieces } from '../xz/encode.ts';
import { type PackEntry, tarOfEntries } from './write-tar.ts';

type Bytes = AsyncGenerator<Buffer, void, undefined>;

/** The tar, compressed by its extension with fixed settings: the same version of the library gives the same bytes. */
export function compressed(tar: Bytes, extension: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  switch (extension) {
    case '.tar':
      return tar;
    case '.tar.gz':
    case '.tgz':
      return through(tar, zlib.createGzip({ level: 9 }));
    case '.tar.zst':
      return through(tar, zstd());
    case '.tar.xz':
      return encodeXz(tar, { signal });
    default: {
      const known = '.tar.xz, .tar.zst, .tar.gz, .tgz or .tar';
      throw new LocalFailure('unsupported', `A directory cannot be packed as ${extension}; choose ${known}.`);
    }
  }
}

function through(tar: Bytes, engine: Transform): AsyncIterable<Uint8Array> {
  pipeline(Readable.from(tar), engine, () => {});
  return engine;
}

function zstd(): Transform {
  if (typeof zlib.createZstdCompress !== 'function') {
    throw new LocalFailure('unsupported', `Node ${process.version} cannot write zstd; run this with Node 24.`);
  }
  const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = zlib.constants;
  return zlib.createZstdCompress({ params: { [level]: 19, [checksum]: 1 } });
}

/** Compressors are faster with larger pieces than headers and small files. */
const pieceBytes = 256 * 1024;

interface PackOptions {
  /** `.tar`, `.tar.gz`, `.tgz`, `.tar.xz` or `.tar.zst`. */
  readonly extension: string;
  /** The time of every entry, in seconds. */
  readonly lastModified: number;
  readonly signal?: AbortSignal;
  /** Called with the number of bytes of the files that were just read. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * An archive that Nix unpacks to exactly these entries. The tar in it is the same on every machine. Throws ArchiveRefused and
 * LocalFailure.
 */
export async function* packDirectory(
  entries: readonly PackEntry[],
  { extension, lastModified, signal = new AbortController().signal, onRead = () => {} }: PackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!Number.isSafeInteger(lastModified) || lastModified < 0)
    throw new RangeError('lastModified must be whole seconds');
  for await (const chunk of compressed(
    inPieces(tarOfEntries(entries, lastModified, onRead), pieceBytes),
    extension,
    signal,
  )) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** The entry at a path on disk; undefined when there is none. Refuses what no archive for Nix can hold. */
export async function statEntry(root: string, path: string): Promise<PackEntry | undefined> {
  entryPath(`source/${path}`);
  const source = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
  const stats = await lstat(source).catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (stats === undefined) return undefined;
  const kind = kindOf(stats);
  if (kind === undefined)
    throw new ArchiveRefused('is not a file, directory or symlink; Nix accepts nothing else', path);
  const target = kind === 'symlink' ? (await readlink(source, { encoding: 'buffer' })).toString('latin1') : '';
  const executable = kind === 'file' && (stats.mode & 0o100) !== 0;
  return { path, kind, executable, target, source, size: kind === 'file' ? stats.size : 0 };
}

function kindOf(stats: Stats): PackEntry['kind'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : undefined;
}

/**
 * Everything below a directory. A `.git` in it, in upper or lower case, is refused, because in a checkout git has to say what is tracked;
 * with `leaveOutGit` it is left out, and everything else is packed.
 */
export async function walkDirectory(root: string, { leaveOutGit = false } = {}): Promise<readonly PackEntry[]> {
  const entries: PackEntry[] = [];
  const directories = [''];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const prefix = directory === '' ? '' : `${directory}/`;
    const place = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(directory, 'latin1')]);
    for (const bytes of await readdir(place, { encoding: 'buffer' })) {
      const name = bytes.toString('latin1');
      if (name.toLowerCase() === '.git') {
        if (leaveOutGit) continue;
        const shown = printableName(place.toString('latin1').replace(/\/$/, ''));
        throw new LocalFailure(
          'unreadable',
          `${shown} is a git checkout: publish it by itself, or pass --no-git to pack every file, also those that git ignores.`,
        );
      }
      const path = `${prefix}${name}`;
      const entry = await statEntry(root, path);
      if (entry === undefined) continue;
      entries.push(entry);
      if (entry.kind === 'directory') directories.push(path);
    }
  }
  return entries;
}
