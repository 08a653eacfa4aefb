import { defaultLimits, type Limits, printableName } from './archive-refused.ts';
import { decodeArchive } from './decode/by-program.ts';
import { type FileDigests, FileHashes, isTarballName, type Programs, SteadyFile } from './file.ts';
import {
  factsOfTree,
  isFlake,
  NarHashInOrder,
  narHashOf,
  revisionOf,
  smallFile,
  type TreeFacts,
  totals,
} from './nar-hash.ts';
import { Spool, SpoolReader } from './spool.ts';
import { BlockSource } from './tar/header.ts';
import { readTar } from './tar/read-tar.ts';
import { type Directory, TreeBuilder } from './tree.ts';
import { readZip } from './zip/read-zip.ts';

type WarningCode =
  | 'several-top-level-entries'
  | 'names-differ-in-case'
  | 'self-attributes'
  | 'unreadable-file'
  | 'no-flake-or-default';

/** Something that Nix accepts but that causes trouble for its users. The message is one sentence, safe to print on a terminal. */
export interface ArchiveWarning {
  readonly code: WarningCode;
  readonly message: string;
}

interface WarningSubject {
  readonly root: Directory;
  readonly topLevelEntries: number;
  /** The text of flake.nix, if it could be read. */
  readonly flakeText?: string | undefined;
}

function archiveWarnings({ root, topLevelEntries, flakeText = '' }: WarningSubject): readonly ArchiveWarning[] {
  const { sameButCase, unreadable } = walk(root);
  const attribute = selfAttribute(flakeText);
  const warnings: (ArchiveWarning | false)[] = [
    topLevelEntries > 1 && {
      code: 'several-top-level-entries',
      message: `The archive has ${topLevelEntries} entries at its top: nix-channel and Nix before 2.21 want a single directory.`,
    },
    sameButCase[0] !== undefined && {
      code: 'names-differ-in-case',
      message: `${sameButCase[0]} differ only in case${more(sameButCase)}: a file system that ignores case, as on macOS, does not keep both.`,
    },
    attribute !== undefined && {
      code: 'self-attributes',
      message: `flake.nix sets inputs.self.${attribute}: Nix 2.26 refuses that, and Nix 2.34 writes a lock that it cannot read.`,
    },
    unreadable[0] !== undefined && {
      code: 'unreadable-file',
      message: `${unreadable[0]} cannot be read by its owner${more(unreadable)}: nix-prefetch-url --unpack fails for users other than root.`,
    },
    !has(root, 'flake.nix') &&
      !has(root, 'default.nix') && {
        code: 'no-flake-or-default',
        message:
          'There is no flake.nix and no default.nix at the root of the tree: a flake needs "flake = false" to use it, and "import <channel>" fails.',
      },
  ];
  return warnings.filter((one) => one !== false);
}

const has = (root: Directory, name: string): boolean => {
  const kind = root.children.get(name)?.kind;
  return kind === 'file' || kind === 'symlink';
};

const more = ({ length }: readonly string[]): string => (length === 1 ? '' : ` (and ${length - 1} more)`);

function walk(root: Directory) {
  const sameButCase: string[] = [];
  const unreadable: string[] = [];
  const visit = (directory: Directory, path: string): void => {
    const seen = new Map<string, string>();
    const shown = (name: string): string => `'${printableName(path + name)}'`;
    for (const [name, child] of directory.children) {
      const folded = withoutCase(name);
      const other = seen.get(folded);
      if (other === undefined) seen.set(folded, name);
      else sameButCase.push(`${shown(other)} and ${shown(name)}`);
      if (child.kind === 'file' && child.unreadable === true) unreadable.push(shown(name));
      if (child.kind === 'directory') visit(child, `${path}${name}/`);
    }
  };
  visit(root, '');
  return { sameButCase, unreadable };
}

/** In names that are not UTF-8 only ASCII letters have a case. */
function withoutCase(name: string): string {
  if (/^[\0-\x7f]*$/.test(name)) return name.toLowerCase();
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text.toLowerCase();
}

const comments = /\/\*[\s\S]*?(?:\*\/|$)|(?<!["\w:/.-])#[^\n]*/g;
const attributeOfSelf = /(?<![\w'-])"?self"?\s*(?:\.\s*|=\s*\{[^{}]*?)"?(submodules|lfs)"?\s*=(?!=)/;

/** Which setting of `inputs.self` a flake has, whatever its value. */
const selfAttribute = (flakeText: string): string | undefined =>
  attributeOfSelf.exec(flakeText.replace(comments, ''))?.[1];

const maxFlakeBytes = 256 * 1024;

export interface InspectOptions {
  readonly partSize: number;
  /** For the unpacked archive. */
  readonly spoolDirectory: string;
  /** From `findPrograms`; by default the built-in decoders are used. */
  readonly programs?: Programs;
  /** Whether Node's zlib has zstd; by default, of this Node. */
  readonly nodeZstd?: boolean;
  readonly limits?: Partial<Limits>;
  /** Gets the tree that Nix unpacks, while the contents of its files can be read. Not called for what is not unpacked. */
  readonly onTree?: (root: Directory, spool: Spool, reader: SpoolReader) => Promise<void>;
  /** Whether the archive is only hashed, not read. */
  readonly digestsOnly?: boolean;
  readonly signal?: AbortSignal;
  /** Bytes of the file that have been read, and its size. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Free bytes of a directory's file system; by default from statfs. */
  readonly freeBytes?: (directory: string) => number;
}

/** What is known about a file; only its digests if Nix does not unpack it. */
export interface InspectedFile extends FileDigests, Partial<TreeFacts> {
  /** The newest modification time in the archive, in seconds; absent when it is not above 0, as in Nix. */
  readonly lastModified?: number;
  readonly rev?: string;
  /** 1 is a single directory, which Nix strips; several entries are kept as they are. */
  readonly topLevelEntries?: number;
  /** What can cause trouble for readers. */
  readonly warnings?: readonly ArchiveWarning[];
}

/**
 * Inspects a file in one read. Throws ArchiveRefused if it must not be published, LocalFailure if it could not be inspected, and the
 * signal's reason.
 */
export async function inspectFile(path: string, options: InspectOptions): Promise<InspectedFile> {
  const hashes = new FileHashes(options.partSize);
  let done = 0;
  const file = await SteadyFile.open(path, (chunk) => {
    hashes.update(chunk);
    done += chunk.length;
    options.onProgress?.(done, file.size);
  });
  try {
    const tree = options.digestsOnly ? {} : await factsInside(path, file, options);
    while (await file.next()) options.signal?.throwIfAborted();
    await file.assertSame();
    return { ...hashes.finish(), ...tree };
  } finally {
    await file.close();
  }
}

type FactsInside = Omit<InspectedFile, keyof FileDigests>;

async function factsInside(path: string, file: SteadyFile, options: InspectOptions): Promise<FactsInside> {
  if (isTarballName(path)) return lookInside(file, options);
  return path.endsWith('.zip') ? namesOf(file, options) : {};
}

async function lookInside(file: SteadyFile, options: InspectOptions): Promise<FactsInside> {
  const limits = { ...defaultLimits, ...options.limits };
  const { spoolDirectory: directory, freeBytes } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  signal.throwIfAborted();
  const spool = await Spool.open(
    { directory, maxBytes: limits.maxUnpacked, ...(freeBytes && { freeBytes }) },
    file.size,
  );
  const decoding = decodeArchive(file, spool, options.programs ?? {}, signal, options.nodeZstd).then(
    () => spool.end(),
    (error) => {
      spool.end(error);
      throw error;
    },
  );
  decoding.catch(() => {});
  try {
    const reader = new SpoolReader(spool);
    const inOrder = new NarHashInOrder(reader, signal);
    const { builder, comment } = await readEntries(spool, reader, inOrder, limits, signal);
    await decoding;
    const root: Directory = builder.finish();
    const rev = revisionOf(root, spool, comment);
    const { lastModified, topLevelEntries } = builder;
    const narHash = (await inOrder.finish(topLevelEntries)) ?? (await narHashOf(root, reader, signal));
    const flakeText = smallFile(root, 'flake.nix', maxFlakeBytes, spool);
    const warnings = archiveWarnings({ root, topLevelEntries, flakeText });
    await options.onTree?.(root, spool, reader);
    return {
      ...factsOfTree(root, narHash),
      topLevelEntries,
      warnings,
      ...(lastModified > 0 && { lastModified }),
      ...(rev !== undefined && { rev }),
    };
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await decoding.catch(() => {});
    await spool.close();
  }
}

/** From the directory of a zip: names and modes. Its content is not unpacked. */
async function namesOf(file: SteadyFile, { limits, signal }: InspectOptions): Promise<FactsInside> {
  const builder = new TreeBuilder({ ...defaultLimits, ...limits });
  for await (const entry of readZip(file)) {
    signal?.throwIfAborted();
    builder.add(entry);
  }
  const root = builder.finish();
  const { topLevelEntries } = builder;
  const warnings = archiveWarnings({ root, topLevelEntries });
  return { entries: totals(root).entries, flake: isFlake(root), topLevelEntries, warnings };
}

async function readEntries(
  spool: Spool,
  reader: SpoolReader,
  inOrder: NarHashInOrder,
  limits: Limits,
  signal: AbortSignal,
) {
  const builder = new TreeBuilder(limits);
  let comment: string | undefined;
  for await (const entry of readTar(new BlockSource(spool, reader))) {
    signal.throwIfAborted();
    if ('comment' in entry) comment = entry.comment;
    else await inOrder.add(builder.add(entry));
  }
  return { builder, comment };
}
