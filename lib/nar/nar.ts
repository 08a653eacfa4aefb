import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Spool, SpoolReader } from './spool.ts';
import type { Directory, RegularFile, TreeNode } from './tree.ts';

const chunkSize = 1024 * 1024;
const zeros = Buffer.alloc(64 * 1024);

const begin = strings('nix-archive-1');
const directoryBegins = strings('(', 'type', 'directory');
const entryBegins = strings('entry', '(', 'name');
const nodeBegins = strings('node');
const fileBegins = strings('(', 'type', 'regular', 'contents');
const executableBegins = strings('(', 'type', 'regular', 'executable', '', 'contents');
const symlinkBegins = strings('(', 'type', 'symlink', 'target');
const ends = strings(')');

/** The NAR of a tree, its contents read from the spool. Each chunk is valid until the next is asked for. Eelco Dolstra's thesis, figure 5.2. */
function* narChunks(root: TreeNode, spool: Spool): Generator<Uint8Array, void, undefined> {
  const writer = new NarWriter(spool);
  yield* writer.constant(begin);
  yield* writer.node(root);
  yield writer.rest();
}

class NarWriter {
  readonly #spool: SpoolReader;
  readonly #buffer = Buffer.allocUnsafe(chunkSize);
  #used = 0;

  constructor(spool: Spool) {
    this.#spool = new SpoolReader(spool);
  }

  *node(node: TreeNode): Generator<Uint8Array, void, undefined> {
    if (node.kind === 'directory') yield* this.#directory(node);
    else if (node.kind === 'file') yield* this.#file(node);
    else {
      yield* this.constant(symlinkBegins);
      yield* this.#string(node.target);
    }
    yield* this.constant(ends);
  }

  *constant(bytes: Buffer): Generator<Uint8Array, void, undefined> {
    if (this.#used + bytes.length > chunkSize) yield this.rest();
    this.#used += bytes.copy(this.#buffer, this.#used);
  }

  rest(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return chunk;
  }

  *#string(text: string): Generator<Uint8Array, void, undefined> {
    const padded = 8 + Math.ceil(text.length / 8) * 8;
    if (this.#used + padded > chunkSize) yield this.rest();
    writeString(this.#buffer, text, this.#used, padded);
    this.#used += padded;
  }

  *#directory(directory: Directory): Generator<Uint8Array, void, undefined> {
    yield* this.constant(directoryBegins);
    for (const name of [...directory.children.keys()].sort(byBytes)) {
      const child = directory.children.get(name);
      if (child === undefined) continue;
      yield* this.constant(entryBegins);
      yield* this.#string(name);
      yield* this.constant(nodeBegins);
      yield* this.node(child);
      yield* this.constant(ends);
    }
  }

  *#file(file: RegularFile): Generator<Uint8Array, void, undefined> {
    yield* this.constant(file.executable ? executableBegins : fileBegins);
    if (this.#used + 8 > chunkSize) yield this.rest();
    writeLength(this.#buffer, file.size, this.#used);
    this.#used += 8;
    if (file.sparse === undefined) yield* this.#stored(file.offset, file.size);
    else yield* this.#expanded(file, file.sparse.pairs);
    yield* this.#zeros((8 - (file.size % 8)) % 8);
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
      if (this.#used === chunkSize) yield this.rest();
      const n = Math.min(length - done, chunkSize - this.#used);
      this.#spool.read(this.#buffer, this.#used, n, offset + done);
      this.#used += n;
      done += n;
    }
  }

  *#zeros(count: number): Generator<Uint8Array, void, undefined> {
    for (let left = count; left > 0; ) {
      if (this.#used === chunkSize) yield this.rest();
      const n = Math.min(left, chunkSize - this.#used, zeros.length);
      zeros.copy(this.#buffer, this.#used, 0, n);
      this.#used += n;
      left -= n;
    }
  }
}

/** Each as a length of 64 bits, the bytes (latin1), and zeros up to a multiple of 8. */
function strings(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const padded = 8 + Math.ceil(text.length / 8) * 8;
      const buffer = Buffer.alloc(padded);
      writeString(buffer, text, 0, padded);
      return buffer;
    }),
  );
}

function writeString(buffer: Buffer, text: string, at: number, padded: number): void {
  buffer.fill(0, at + padded - 8, at + padded);
  writeLength(buffer, text.length, at);
  buffer.write(text, at + 8, 'latin1');
}

function writeLength(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % 2 ** 32, at);
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
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

/** Lets other work go on between pieces, as long as the signal allows it. */
export async function factsOfTree(root: Directory, spool: Spool, signal: AbortSignal): Promise<TreeFacts> {
  const hash = createHash('sha256');
  let since = 0;
  for (const chunk of narChunks(root, spool)) {
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
