import { defaultLimits, type Limits } from './archive-refused.ts';
import { type ArchiveWarning, archiveWarnings } from './archive-warnings.ts';
import type { Programs } from './decode/by-program.ts';
import { decodeArchive } from './decode/decode.ts';
import { type FileDigests, FileHashes, isTarballName, SteadyFile } from './file.ts';
import { factsOfTree, isFlake, revisionOf, smallFile, type TreeFacts, totals } from './nar.ts';
import { Spool } from './spool.ts';
import { BlockSource } from './tar/header.ts';
import { readTar } from './tar/read-tar.ts';
import { type Directory, TreeBuilder } from './tree.ts';
import { readZip } from './zip/read-zip.ts';

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
    const { builder, comment } = await readEntries(spool, limits, signal);
    await decoding;
    const root: Directory = builder.finish();
    const rev = revisionOf(root, spool, comment);
    const { lastModified, topLevelEntries } = builder;
    const facts = await factsOfTree(root, spool, signal);
    const flakeText = smallFile(root, 'flake.nix', maxFlakeBytes, spool);
    const warnings = archiveWarnings({ root, topLevelEntries, flakeText });
    return {
      ...facts,
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

async function readEntries(spool: Spool, limits: Limits, signal: AbortSignal) {
  const builder = new TreeBuilder(limits);
  let comment: string | undefined;
  for await (const entry of readTar(new BlockSource(spool))) {
    signal.throwIfAborted();
    if ('comment' in entry) comment = entry.comment;
    else builder.add(entry);
  }
  return { builder, comment };
}
