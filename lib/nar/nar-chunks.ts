import type { Spool } from './spool.ts';
import type { Directory, RegularFile, TreeNode } from './tree.ts';

const chunkSize = 1024 * 1024;
const zeros = Buffer.alloc(64 * 1024);

/** The NAR of a tree, its contents read from the spool. Each chunk is valid until the next is asked for. Eelco Dolstra's thesis, figure 5.2. */
export function* narChunks(root: TreeNode, spool: Spool): Generator<Uint8Array, void, undefined> {
  const writer = new NarWriter(spool);
  yield* writer.text(['nix-archive-1']);
  yield* writer.node(root);
  yield writer.rest();
}

class NarWriter {
  readonly #spool: Spool;
  readonly #buffer = Buffer.allocUnsafe(chunkSize);
  #used = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  *node(node: TreeNode): Generator<Uint8Array, void, undefined> {
    yield* this.text(['(', 'type']);
    if (node.kind === 'directory') yield* this.#directory(node);
    else if (node.kind === 'symlink') yield* this.text(['symlink', 'target', node.target]);
    else yield* this.#file(node);
    yield* this.text([')']);
  }

  /** Strings are latin1, one byte a character: a length in 64 bits, the bytes, zeros up to a multiple of 8. */
  *text(strings: readonly string[]): Generator<Uint8Array, void, undefined> {
    for (const string of strings) {
      const padded = 8 + Math.ceil(string.length / 8) * 8;
      if (this.#used + padded > chunkSize) yield this.rest();
      const end = this.#used + padded;
      this.#buffer.fill(0, this.#used, end);
      this.#length(string.length, this.#used);
      this.#buffer.write(string, this.#used + 8, 'latin1');
      this.#used = end;
    }
  }

  rest(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return chunk;
  }

  *#directory(directory: Directory): Generator<Uint8Array, void, undefined> {
    yield* this.text(['directory']);
    for (const name of [...directory.children.keys()].sort(byBytes)) {
      const child = directory.children.get(name);
      if (child === undefined) continue;
      yield* this.text(['entry', '(', 'name', name, 'node']);
      yield* this.node(child);
      yield* this.text([')']);
    }
  }

  *#file(file: RegularFile): Generator<Uint8Array, void, undefined> {
    yield* this.text(file.executable ? ['regular', 'executable', '', 'contents'] : ['regular', 'contents']);
    if (this.#used + 8 > chunkSize) yield this.rest();
    this.#length(file.size, this.#used);
    this.#used += 8;
    if (file.sparse === undefined) yield* this.#stored(file.offset, file.size);
    else yield* this.#expanded(file, file.sparse.pairs);
    yield* this.#zeros((8 - (file.size % 8)) % 8);
  }

  /** The last piece of a map ends where the file does. */
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

  #length(value: number, at: number): void {
    this.#buffer.writeUInt32LE(value % 2 ** 32, at);
    this.#buffer.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
  }
}

/** Code units of latin1 strings are their bytes. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1;
}
