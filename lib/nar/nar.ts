import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { maxComponentBytes, maxPathBytes } from './archive-refused.ts';
import { type Spool, SpoolReader } from './spool.ts';
import type { Directory, RegularFile, TreeNode } from './tree.ts';

const chunkSize = 1024 * 1024;

/** Room for what an entry has beside the content of a file: constants, a name, the target of a symlink. */
const maxEntryBytes = 512 + maxComponentBytes + maxPathBytes;

const begin = strings('nix-archive-1');
const directoryBegins = strings('(', 'type', 'directory');
const entryBegins = strings('entry', '(', 'name');
const nodeBegins = strings('node');
const fileBegins = strings('(', 'type', 'regular', 'contents');
const executableBegins = strings('(', 'type', 'regular', 'executable', '', 'contents');
const symlinkBegins = strings('(', 'type', 'symlink', 'target');
const nodeEnds = strings(')');
const nodeAndEntryEnd = strings(')', ')');

/** Writes the NAR of a tree, with contents from the spool. Eelco Dolstra's thesis, figure 5.2. */
class NarWriter {
  readonly #spool: SpoolReader;
  readonly #buffer = Buffer.allocUnsafe(chunkSize);
  #used = 0;

  constructor(spool: Spool) {
    this.#spool = new SpoolReader(spool);
  }

  /** Each chunk is valid until the next one. */
  *chunks(root: Directory): Generator<Uint8Array, void, undefined> {
    this.#constant(begin);
    this.#constant(directoryBegins);
    const open = [sortedChildren(root)];
    for (let children = open.at(-1); children !== undefined; children = open.at(-1)) {
      if (this.#used + maxEntryBytes > chunkSize) yield this.#take();
      const child = children.next().value;
      if (child === undefined) {
        open.pop();
        this.#constant(open.length === 0 ? nodeEnds : nodeAndEntryEnd);
        continue;
      }
      const [name, node] = child;
      this.#constant(entryBegins);
      this.#string(name);
      this.#constant(nodeBegins);
      if (node.kind === 'directory') {
        this.#constant(directoryBegins);
        open.push(sortedChildren(node));
        continue;
      }
      if (node.kind === 'file') yield* this.#file(node);
      else {
        this.#constant(symlinkBegins);
        this.#string(node.target);
      }
      this.#constant(nodeAndEntryEnd);
    }
    yield this.#take();
  }

  #take(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return chunk;
  }

  #constant(bytes: Buffer): void {
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #string(text: string): void {
    this.#used += writeString(this.#buffer, text, this.#used);
  }

  *#file(file: RegularFile): Generator<Uint8Array, void, undefined> {
    this.#constant(file.executable ? executableBegins : fileBegins);
    writeLength(this.#buffer, file.size, this.#used);
    this.#used += 8;
    if (file.sparse !== undefined) yield* this.#expanded(file, file.sparse.pairs);
    else if (this.#used + file.size <= chunkSize) this.#store(file.offset, file.size);
    else yield* this.#stored(file.offset, file.size);
    if (this.#used + maxEntryBytes > chunkSize) yield this.#take();
    const padding = (8 - (file.size % 8)) % 8;
    this.#buffer.fill(0, this.#used, this.#used + padding);
    this.#used += padding;
  }

  /** The last pair of a map ends where the file ends. */
  *#expanded(file: RegularFile, pairs: readonly number[]): Generator<Uint8Array, void, undefined> {
    let at = 0;
    let from = file.offset;
    for (let pair = 0; pair < pairs.length; pair += 2) {
      const offset = pairs[pair] ?? 0;
      const length = pairs[pair + 1] ?? 0;
      yield* this.#zeros(offset - at);
      yield* this.#stored(from, length);
      from += length;
      at = offset + length;
    }
  }

  *#stored(offset: number, length: number): Generator<Uint8Array, void, undefined> {
    for (let done = 0; done < length; ) {
      if (this.#used === chunkSize) yield this.#take();
      const n = Math.min(length - done, chunkSize - this.#used);
      this.#store(offset + done, n);
      done += n;
    }
  }

  #store(offset: number, length: number): void {
    this.#spool.read(this.#buffer, this.#used, length, offset);
    this.#used += length;
  }

  *#zeros(count: number): Generator<Uint8Array, void, undefined> {
    for (let left = count; left > 0; ) {
      if (this.#used === chunkSize) yield this.#take();
      const n = Math.min(left, chunkSize - this.#used);
      this.#buffer.fill(0, this.#used, this.#used + n);
      this.#used += n;
      left -= n;
    }
  }
}

/** Each as a length of 64 bits, the bytes (latin1), and zeros up to a multiple of 8. */
function strings(...texts: readonly string[]): Buffer {
  const buffer = Buffer.alloc(texts.length * 32);
  let used = 0;
  for (const text of texts) used += writeString(buffer, text, used);
  return buffer.subarray(0, used);
}

/** Returns how many bytes it wrote. */
function writeString(buffer: Buffer, text: string, at: number): number {
  const size = 8 + Math.ceil(text.length / 8) * 8;
  buffer.fill(0, at + size - 8, at + size);
  writeLength(buffer, text.length, at);
  buffer.write(text, at + 8, 'latin1');
  return size;
}

function writeLength(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % 2 ** 32, at);
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function sortedChildren({ children }: Directory): Iterator<readonly [string, TreeNode], undefined> {
  return [...children].sort(([a], [b]) => byBytes(a, b)).values();
}

/** The code units of latin1 strings are their bytes. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1;
}

export interface TreeFacts {
  /** As SRI: sha256-… */
  readonly narHash: string;
  readonly entries: number;
  /** The bytes of all files. */
  readonly unpackedSize: number;
  /** Whether there is a flake.nix at the root. */
  readonly flake: boolean;
}

const commit = /^[0-9a-f]{40}$/;

/** Gives way to other work between chunks, and stops when the signal is aborted. */
export async function factsOfTree(root: Directory, spool: Spool, signal: AbortSignal): Promise<TreeFacts> {
  const hash = createHash('sha256');
  let since = 0;
  for (const chunk of new NarWriter(spool).chunks(root)) {
    hash.update(chunk);
    since += chunk.length;
    if (since < 16 * 1024 * 1024) continue;
    since = 0;
    await setImmediate();
    signal.throwIfAborted();
  }
  return { narHash: `sha256-${hash.digest('base64')}`, ...totals(root), flake: isFlake(root) };
}

export function isFlake(root: Directory): boolean {
  const flake = root.children.get('flake.nix');
  return flake !== undefined && flake.kind !== 'directory';
}

/** A file at the root, as a latin1 string, unless it is larger. */
export function smallFile(root: Directory, name: string, maxBytes: number, spool: Spool): string | undefined {
  const file = root.children.get(name);
  if (file?.kind !== 'file' || file.sparse !== undefined || file.size > maxBytes) return undefined;
  const content = Buffer.alloc(file.size);
  spool.read(content, 0, file.size, file.offset);
  return content.toString('latin1');
}

/** The channels of nixpkgs have their commit in `.git-revision`; `git archive` writes it into the comment of the archive. */
export function revisionOf(root: Directory, spool: Spool, comment: string | undefined): string | undefined {
  const text = smallFile(root, '.git-revision', 100, spool)?.trim();
  if (text !== undefined && commit.test(text)) return text;
  return comment !== undefined && commit.test(comment) ? comment : undefined;
}

export function totals(node: TreeNode): { readonly entries: number; readonly unpackedSize: number } {
  let entries = 0;
  let unpackedSize = 0;
  const visit = (directory: Directory) => {
    for (const child of directory.children.values()) {
      entries++;
      if (child.kind === 'file') unpackedSize += child.size;
      if (child.kind === 'directory') visit(child);
    }
  };
  if (node.kind === 'directory') visit(node);
  return { entries, unpackedSize };
}
