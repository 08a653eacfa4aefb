import { maxComponentBytes, maxPathBytes } from './archive-refused.ts';
import type { SpoolReader } from './spool.ts';
import type { Directory, RegularFile, TreeNode } from './tree.ts';

export const chunkSize = 512 * 1024;

/** Room for what an entry has beside the content of a file: constants, a name, the target of a symlink. */
const maxEntryBytes = 512 + maxComponentBytes + maxPathBytes;

const begin = strings('nix-archive-1', '(', 'type', 'directory');
const entryBegins = strings('entry', '(', 'name');
const directoryBegins = strings('node', '(', 'type', 'directory');
const fileBegins = strings('node', '(', 'type', 'regular', 'contents');
const executableBegins = strings('node', '(', 'type', 'regular', 'executable', '', 'contents');
const symlinkBegins = strings('node', '(', 'type', 'symlink', 'target');
const nodeEnds = strings(')');
const nodeAndEntryEnd = strings(')', ')');

type Chunks = Generator<Uint8Array, void, undefined>;

/**
 * Writes a NAR entry by entry, in the order of the names, with contents from the spool. Chunks use the buffers in turns, so with one
 * buffer each is valid until the next one. Eelco Dolstra's thesis, figure 5.2.
 */
export class NarWriter {
  readonly #spool: SpoolReader;
  readonly #buffers: readonly Buffer[];
  #buffer: Buffer;
  #taken = 0;
  #used = 0;

  constructor(spool: SpoolReader, buffers: readonly Buffer[] = [Buffer.allocUnsafeSlow(chunkSize)]) {
    this.#spool = spool;
    this.#buffers = buffers;
    this.#buffer = this.#next();
    this.#constant(begin);
  }

  /** A child of the open directory. A directory stays open until `close`. */
  *entry(name: string, node: TreeNode): Chunks {
    if (this.#used + maxEntryBytes > chunkSize) yield this.#take();
    this.#constant(entryBegins);
    this.#string(name);
    if (node.kind === 'directory') {
      this.#constant(directoryBegins);
      return;
    }
    if (node.kind === 'file') yield* this.#file(node);
    else {
      this.#constant(symlinkBegins);
      this.#string(node.target);
    }
    this.#constant(nodeAndEntryEnd);
  }

  *close(): Chunks {
    if (this.#used + maxEntryBytes > chunkSize) yield this.#take();
    this.#constant(nodeAndEntryEnd);
  }

  /** Closes the root. */
  *end(): Chunks {
    if (this.#used + maxEntryBytes > chunkSize) yield this.#take();
    this.#constant(nodeEnds);
    yield this.#take();
  }

  *whole(root: Directory): Chunks {
    const open = [sortedChildren(root)];
    for (let children = open.at(-1); children !== undefined; children = open.at(-1)) {
      const child = children.next().value;
      if (child !== undefined) {
        const [name, node] = child;
        yield* this.entry(name, node);
        if (node.kind === 'directory') open.push(sortedChildren(node));
        continue;
      }
      open.pop();
      yield* open.length === 0 ? this.end() : this.close();
    }
  }

  #take(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#buffer = this.#next();
    return chunk;
  }

  #next(): Buffer {
    return this.#buffers[this.#taken++ % this.#buffers.length] ?? Buffer.alloc(chunkSize);
  }

  #constant(bytes: Buffer): void {
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #string(text: string): void {
    this.#used += writeString(this.#buffer, text, this.#used);
  }

  *#file(file: RegularFile): Chunks {
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
  *#expanded(file: RegularFile, pairs: readonly number[]): Chunks {
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

  *#stored(offset: number, length: number): Chunks {
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

  *#zeros(count: number): Chunks {
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
