import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { PackEntry } from './pack/pack-entry.ts';

const pointerStart = 'version https://git-lfs.github.com/spec/v1\n';

/** Bytes; the specification of Git LFS has pointers below this. */
const maxPointerSize = 1024;

/** How many files are read at once. */
const concurrency = 64;

/** The entries that are pointers of Git LFS instead of the files that they stand for. */
export async function lfsPointers(entries: readonly PackEntry[]): Promise<readonly PackEntry[]> {
  const small = entries.filter(
    ({ kind, size }) => kind === 'file' && size > pointerStart.length && size <= maxPointerSize,
  );
  const pointers: PackEntry[] = [];
  for (let at = 0; at < small.length; at += concurrency) {
    const some = small.slice(at, at + concurrency);
    const contents = await Promise.all(some.map(({ source }) => readFile(source)));
    pointers.push(...some.filter((_, index) => contents[index]?.toString('latin1').startsWith(pointerStart)));
  }
  return pointers;
}

/** Whether an entry has the content of a blob, byte for byte; `object` is the blob's id. */
export async function hasContentOf(entry: PackEntry, object: string): Promise<boolean> {
  const hash = createHash(object.length === 64 ? 'sha256' : 'sha1');
  const size = entry.kind === 'symlink' ? entry.target.length : entry.size;
  return (await digest(hash.update(`blob ${size}\0`), entry)) === object;
}

/** Whether an entry is the file that a pointer of Git LFS stands for. */
export async function isFileOfPointer(entry: PackEntry, pointer: Buffer): Promise<boolean> {
  const text = pointer.toString('latin1');
  if (entry.kind !== 'file' || !text.startsWith(pointerStart)) return false;
  const sha256 = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = /^size (\d+)$/m.exec(text)?.[1];
  return size === String(entry.size) && (await digest(createHash('sha256'), entry)) === sha256;
}

async function digest(hash: Hash, { kind, target, source }: PackEntry): Promise<string> {
  if (kind === 'symlink') hash.update(target, 'latin1');
  else for await (const chunk of createReadStream(source)) hash.update(chunk);
  return hash.digest('hex');
}
