import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { sha256InThread } from './hash-thread.ts';
import { chunkSize, NarWriter } from './nar-writer.ts';
import type { Spool, SpoolReader } from './spool.ts';
import type { Directory, PlacedNode, TreeNode } from './tree.ts';

const bytesBetweenPauses = 16 * 1024 * 1024;

/** SHA-256 of a NAR. Gives way to other work now and then, and stops when the signal is aborted. */
class NarHash {
  readonly #hash = createHash('sha256');
  readonly #signal: AbortSignal;
  #sincePause = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** A promise only if it gives way: most entries are small and need none. */
  update(chunks: Iterator<Uint8Array, void, undefined>): void | Promise<void> {
    for (let next = chunks.next(); !next.done; next = chunks.next()) {
      this.#hash.update(next.value);
      this.#sincePause += next.value.length;
      if (this.#sincePause >= bytesBetweenPauses) return this.#pause().then(() => this.update(chunks));
    }
  }

  /** As SRI: sha256-… */
  digest(): string {
    return `sha256-${this.#hash.digest('base64')}`;
  }

  async #pause(): Promise<void> {
    this.#sincePause = 0;
    await setImmediate();
    this.#signal.throwIfAborted();
  }
}

/** Below that, a thread takes longer to start than it saves. */
const minBytesForThread = 64 * 1024 * 1024;

export async function narHashOf(root: Directory, spool: SpoolReader, signal: AbortSignal): Promise<string> {
  if (spool.size < minBytesForThread) {
    const hash = new NarHash(signal);
    await hash.update(new NarWriter(spool).whole(root));
    return hash.digest();
  }
  const buffers = Array.from({ length: 4 }, () => Buffer.from(new SharedArrayBuffer(chunkSize)));
  return `sha256-${await sha256InThread(buffers, new NarWriter(spool, buffers).whole(root), signal)}`;
}

/**
 * Hashes the NAR while entries arrive, as long as they come in its order: by name within each directory, one directory after the other.
 * An entry that should have come before invalidates all of it, since SHA-256 only goes forward.
 */
export class NarHashInOrder {
  readonly #hash: NarHash;
  readonly #writer: NarWriter;
  /** The names of the directories that are open below the root, and the last child of the root and of each of them. */
  readonly #open: string[] = [];
  readonly #last: string[] = [''];
  #inOrder = true;
  /** The directory at the top that is expected to be the only one; '' if there is none. */
  #top: string | undefined;

  constructor(spool: SpoolReader, signal: AbortSignal) {
    this.#hash = new NarHash(signal);
    this.#writer = new NarWriter(spool);
  }

  get inOrder(): boolean {
    return this.#inOrder;
  }

  add(placed: PlacedNode): void | Promise<void> {
    if (this.#inOrder) return this.#hash.update(this.#entry(placed));
  }

  /** Undefined when the entries were not in order. */
  async finish(topLevelEntries: number): Promise<string | undefined> {
    const stripped = topLevelEntries === 1;
    if (!this.#inOrder || stripped !== (this.#top !== '')) return undefined;
    await this.#hash.update(this.#end());
    return this.#hash.digest();
  }

  *#entry({ components, node }: PlacedNode): Generator<Uint8Array, void, undefined> {
    this.#top ??= components.length > 1 || (components.length === 1 && node.kind === 'directory') ? components[0] : '';
    const below = this.#top === '' ? 0 : 1;
    if (below === 1 && components.length > 0 && components[0] !== this.#top) {
      this.#inOrder = false;
      return;
    }
    let level = 0;
    while (level < this.#open.length && components[below + level] === this.#open[level]) level++;
    const first = components[below + level];
    // An open directory again.
    if (first === undefined) return;
    this.#inOrder = first > (this.#last[level] ?? '');
    if (!this.#inOrder) return;
    yield* this.#closeTo(level);
    for (; below + level < components.length; level++) {
      const name = components[below + level] ?? '';
      const isLast = below + level === components.length - 1;
      this.#last[level] = name;
      yield* this.#writer.entry(name, isLast ? node : impliedDirectory);
      if (isLast && node.kind !== 'directory') return;
      this.#open.push(name);
      this.#last.push('');
    }
  }

  *#closeTo(level: number): Generator<Uint8Array, void, undefined> {
    while (this.#open.length > level) {
      this.#open.pop();
      this.#last.pop();
      yield* this.#writer.close();
    }
  }

  *#end(): Generator<Uint8Array, void, undefined> {
    yield* this.#closeTo(0);
    yield* this.#writer.end();
  }
}

const impliedDirectory: Directory = { kind: 'directory', children: new Map() };

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

export function factsOfTree(root: Directory, narHash: string): TreeFacts {
  return { narHash, ...totals(root), flake: isFlake(root) };
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
