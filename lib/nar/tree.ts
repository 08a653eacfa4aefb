import { formatBytes } from '../domain/release.ts';
import { ArchiveRefused, type Limits, maxComponentBytes, maxDepth, maxPathBytes } from './archive-refused.ts';
import type { SparseMap } from './tar/sparse.ts';

/** What Nix keeps of a tree. Names and targets are latin1 strings of their bytes. */
export type TreeNode = Directory | RegularFile | Symlink;

export interface Directory {
  readonly kind: 'directory';
  readonly children: Map<string, TreeNode>;
}

export interface RegularFile {
  readonly kind: 'file';
  readonly executable: boolean;
  /** The owner has no read permission. Nix does not keep that, but some of its commands fail. */
  readonly unreadable?: true;
  readonly size: number;
  /** Where the content begins in the spool. */
  readonly offset: number;
  readonly sparse?: SparseMap;
}

interface Symlink {
  readonly kind: 'symlink';
  readonly target: string;
}

/** A node, and the names that lead to it from the top of the archive. */
export interface PlacedNode {
  readonly components: readonly string[];
  readonly node: TreeNode;
}

/** Characters that HFS+ ignores in a name (libgit2, next_hfs_char). */
const invisible = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * Whether a name, bytes as a latin1 string, is `.git` to libgit2, through which Nix unpacks: in any case, as NTFS would write it
 * (git_fs_path, verify_dotgit_ntfs), and on a Mac as HFS+ would (verify_dotgit_hfs).
 */
function isGitName(name: string): boolean {
  if (/^(\.git|git~1)([\\:]|[ .]*$)/i.test(name)) return true;
  if (/^[\0-\x7f]*$/.test(name)) return false;
  return Buffer.from(name, 'latin1').toString('utf8').replace(invisible, '').toLowerCase() === '.git';
}

/**
 * The components of a name, as in Nix's CanonPath: `./` and `//` are dropped. Refuses what Nix refuses in a name, `..`, which
 * Nix collapses, and absolute names: Nix 2.26's nix-prefetch-url and nix-channel write those outside the store.
 */
export function entryPath(path: string): readonly string[] {
  if (path.length > maxPathBytes) throw new ArchiveRefused(`has a name over ${maxPathBytes} bytes`, path);
  if (path.includes('\0')) throw new ArchiveRefused('has a NUL in its name', path);
  if (path.startsWith('/')) throw new ArchiveRefused(`has an absolute name, ${whyNotAbsolute}`, path);
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  for (const component of components) {
    const why = componentProblem(component);
    if (why !== undefined) throw new ArchiveRefused(why, path);
  }
  // One more level is allowed here, because a single top-level directory does not count.
  if (components.length > maxDepth + 1) throw tooDeep(path);
  return components;
}

const whyNotAbsolute = 'which some versions of Nix follow out of the store; pack with relative names';

/** Why Nix refuses an entry of this name; undefined when it does not. */
function componentProblem(component: string): string | undefined {
  if (component === '..') return 'has `..` in its name';
  if (component.length > maxComponentBytes) return `has a name over ${maxComponentBytes} bytes`;
  if (isGitName(component)) return 'is named .git to Nix, which refuses that';
  return undefined;
}

function tooDeep(path: string): ArchiveRefused {
  return new ArchiveRefused(`lies more than ${maxDepth} directories deep, which some versions of Nix refuse`, path);
}

/** Names and link targets are bytes as latin1 strings, so that comparing them compares bytes. */
export interface TarEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink';
  readonly path: string;
  readonly link: string;
  readonly mtime: number;
  readonly executable: boolean;
  /** The owner has no read permission. */
  readonly unreadable: boolean;
  /** Once expanded. */
  readonly size: number;
  /** Where the content begins in the archive. */
  readonly offset: number;
  readonly sparse?: SparseMap;
}

/** Builds the tree by the rules that Nix 2.26 and 2.34 share; refuses what they refuse or disagree on. */
export class TreeBuilder {
  readonly #limits: Limits;
  readonly #root = emptyDirectory();
  readonly #linkedTo = new WeakSet<TreeNode>();
  #seen = 0;
  #unpacked = 0;
  #nameBytes = 0;
  #lastModified = 0;
  #deepest: { readonly level: number; readonly path: string } = { level: 0, path: '' };

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** The newest time of all entries; 0 when none is later. */
  get lastModified(): number {
    return this.#lastModified;
  }

  get topLevelEntries(): number {
    return this.#root.children.size;
  }

  add(entry: TarEntry): PlacedNode {
    const components = entryPath(entry.path);
    this.#lastModified = Math.max(this.#lastModified, entry.mtime);
    this.#count();
    this.#keep(entry.path);
    if (components.length > this.#deepest.level) this.#deepest = { level: components.length, path: entry.path };
    const name = components.at(-1);
    if (name === undefined) {
      if (entry.kind !== 'directory')
        throw new ArchiveRefused(`is a ${entry.kind} where the root of the tree should be`, entry.path);
      return { components, node: this.#root };
    }
    const parent = this.#parent(components, entry.path);
    const node = this.#node(entry);
    const old = parent.children.get(name);
    if (old?.kind === 'directory' && node.kind === 'directory') return { components, node: old };
    if (old !== undefined) this.#checkReplacement(old, node, entry);
    if (entry.kind === 'hardlink') this.#linkedTo.add(node);
    parent.children.set(detached(name), node);
    return { components, node };
  }

  /** The tree with a single top-level directory stripped, once. */
  finish(): Directory {
    const children = [...this.#root.children.values()];
    const only = children.length === 1 ? children[0] : undefined;
    if (children.length === 0) throw new ArchiveRefused('is empty');
    if (only !== undefined && only.kind !== 'directory') {
      throw new ArchiveRefused(
        `is a single ${only.kind} where a directory is expected`,
        [...this.#root.children.keys()][0],
      );
    }
    const { level, path } = this.#deepest;
    if (level - (only ? 1 : 0) > maxDepth) throw tooDeep(path);
    return only ?? this.#root;
  }

  #checkReplacement(old: TreeNode, node: TreeNode, { kind, path }: TarEntry): void {
    if (old.kind !== 'file' || node.kind !== 'file') {
      throw new ArchiveRefused(`appears twice, as ${old.kind} and as ${node.kind}`, path);
    }
    // 2.34 makes hard links at the end, 2.26 when it meets them.
    if (kind === 'hardlink' || this.#linkedTo.has(old)) {
      throw new ArchiveRefused('appears twice and is a hard link or the target of one', path);
    }
  }

  #count(): void {
    this.#seen++;
    if (this.#seen > this.#limits.maxEntries) {
      throw new ArchiveRefused(`has more than ${this.#limits.maxEntries} entries`);
    }
  }

  #keep(text: string): void {
    this.#nameBytes += text.length;
    if (this.#nameBytes > this.#limits.maxNameBytes) {
      throw new ArchiveRefused(`has over ${formatBytes(this.#limits.maxNameBytes)} of names`);
    }
  }

  #parent(components: readonly string[], path: string): Directory {
    let directory = this.#root;
    for (const component of components.slice(0, -1)) {
      let next = directory.children.get(component);
      if (next === undefined) {
        next = emptyDirectory();
        this.#count();
        directory.children.set(detached(component), next);
      }
      if (next.kind !== 'directory') throw new ArchiveRefused(`lies below a ${next.kind}`, path);
      directory = next;
    }
    return directory;
  }

  #node(entry: TarEntry): TreeNode {
    if (entry.kind === 'directory') return emptyDirectory();
    if (entry.kind === 'symlink') {
      checkTarget(entry);
      this.#keep(entry.link);
      return { kind: 'symlink', target: entry.link };
    }
    const node = entry.kind === 'hardlink' ? this.#linked(entry) : fileOf(entry);
    if (node.kind === 'file') this.#grow(node.size, entry.path);
    return node;
  }

  #linked(entry: TarEntry): TreeNode {
    if (entry.link.startsWith('/'))
      throw new ArchiveRefused(`is a hard link to an absolute name, ${whyNotAbsolute}`, entry.path);
    let node: TreeNode | undefined = this.#root;
    for (const component of entryPath(entry.link)) {
      node = node?.kind === 'directory' ? node.children.get(component) : undefined;
    }
    if (node === undefined)
      throw new ArchiveRefused('is a hard link to an entry that is not in the archive before it', entry.path);
    if (node.kind === 'directory') throw new ArchiveRefused('is a hard link to a directory', entry.path);
    return node;
  }

  #grow(size: number, path: string): void {
    this.#unpacked += size;
    if (this.#unpacked > this.#limits.maxUnpacked) {
      throw new ArchiveRefused(`makes the files grow to more than ${formatBytes(this.#limits.maxUnpacked)}`, path);
    }
  }
}

/** A copy: V8 would keep the whole path in memory for a slice of it. */
function detached(part: string): string {
  return Buffer.from(part, 'latin1').toString('latin1');
}

function emptyDirectory(): Directory {
  return { kind: 'directory', children: new Map() };
}

function fileOf({ executable, unreadable, size, offset, sparse }: TarEntry): TreeNode {
  const file = { kind: 'file', executable, size, offset } as const;
  return { ...file, ...(unreadable && { unreadable }), ...(sparse && { sparse }) };
}

function checkTarget({ link, path }: TarEntry): void {
  if (link === '') throw new ArchiveRefused('is a symlink to nothing', path);
  if (link.length > maxPathBytes || link.includes('\0'))
    throw new ArchiveRefused('is a symlink whose target no file system takes', path);
}
