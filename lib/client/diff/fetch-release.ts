import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadableRelease } from '../../api/reading.ts';
import { escapeControls, tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput, Problem } from '../../domain/problem.ts';
import type { ReleaseFacts } from '../../domain/release.ts';
import { permanentUrl } from '../../domain/urls.ts';
import { ArchiveRefused, defaultLimits } from '../../nar/archive-refused.ts';
import { isTarballName } from '../../nar/file.ts';
import { inspectFile } from '../../nar/inspect.ts';
import { listTree, type TreeListing } from '../../nar/list-tree.ts';
import { smallFile } from '../../nar/nar-hash.ts';
import { spoolDirectory } from '../../nar/spool.ts';
import type { RetryOptions } from '../api/http.ts';
import { withTemporaryFile } from '../files.ts';
import { programsFor } from '../publish/check-file.ts';
import { download } from '../publish/download.ts';
import type { ReaderApi } from '../reader/reader-api.ts';
import type { Progress } from '../text.ts';

export interface FetchOptions extends RetryOptions {
  readonly api: ReaderApi;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** Bytes that an archive may unpack to. */
  readonly maxUnpacked?: number | undefined;
}

/** What a release holds. */
export interface FetchedRelease {
  readonly facts: ReleaseFacts & { readonly size: number; readonly unpackedSize: number };
  readonly tree: TreeListing;
  /** The text of its flake.lock. */
  readonly lock: string | undefined;
}

const maxLockBytes = 4 * 1024 ** 2;

/** The format of a channel's files. Refuses those whose trees cannot be compared. */
export function comparableFormat(extension: string): string {
  const format = tarballFormatOf(extension);
  if (format !== undefined && isTarballName(format)) return format;
  const kind = format === undefined ? 'plain files' : 'zips, which are not unpacked here';
  throw new InvalidInput('channel', `The releases are ${kind} (${extension}): only tarballs can be compared.`);
}

/** Steps of one release, which its name tells apart from those of the other. */
const named = ({ begin, bytes, end }: Progress, release: string): Progress => ({
  begin: (what, total) => begin(`${what} ${release}`, total),
  bytes,
  end,
});

/** Throws where an archive is not what the service says that it is. */
function assertSame(release: string, said: ReleaseFacts, found: ReleaseFacts): void {
  for (const fact of ['narHash', 'sha256'] as const)
    if (said[fact] !== undefined && said[fact] !== found[fact])
      throw new Problem(
        502,
        'bad-answer',
        `${release} has the ${fact} ${found[fact]}, and the service says ${said[fact]}: do not use it, and tell the operator.`,
      );
}

/** Downloads a release, and lists what its archive holds. Nothing of it stays on the disk. */
export async function fetchRelease(
  options: FetchOptions,
  said: ReadableRelease,
  extension: string,
): Promise<FetchedRelease> {
  const { api, environment, maxUnpacked = defaultLimits.maxUnpacked } = options;
  const release = escapeControls(said.release);
  const directory = spoolDirectory(environment);
  // The extension is the service's word, and may hold anything.
  const path = join(directory, `channelctl-${randomUUID()}${comparableFormat(extension)}`);
  const progress = named(options.progress, release);
  const programs = await programsFor(path, environment);
  const url = new URL(permanentUrl(api.base, said.release + extension));
  return withTemporaryFile(path, async () => {
    await download(
      { ...options, send: api.send, progress },
      {
        url,
        path,
        allowPrivate: true,
        allowHttp: url.protocol === 'http:',
        maxSize: maxUnpacked,
        allowHtml: false,
        authorization: api.credentials.authorization,
        refusal: (at, answer) => api.refusal(at, answer),
        isKnown: () => false,
      },
    );
    let tree: TreeListing = new Map();
    let lock: string | undefined;
    progress.begin('reading', (await stat(path)).size);
    const {
      partSha256s: _,
      warnings: __,
      ...found
    } = await inspectFile(path, {
      partSize: maxUnpacked,
      spoolDirectory: directory,
      programs,
      limits: { maxUnpacked },
      onProgress: progress.bytes,
      onTree: async (root, spool, reader) => {
        const text = smallFile(root, 'flake.lock', maxLockBytes, spool);
        if (text === undefined && root.children.get('flake.lock')?.kind === 'file')
          throw new InvalidInput(
            'flake.lock',
            `The flake.lock of ${release} cannot be compared: it has more than 4 MiB, or holes.`,
          );
        lock = text === undefined ? undefined : Buffer.from(text, 'latin1').toString();
        tree = await listTree(root, reader);
      },
    })
      .catch((error: unknown) => {
        if (!(error instanceof ArchiveRefused)) throw error;
        throw new Problem(400, 'archive-refused', `${release} cannot be compared. ${error.message}`, { cause: error });
      })
      .finally(progress.end);
    assertSame(release, said, found);
    const { rev, revCount, lastModified } = { ...found, ...said };
    const facts = {
      ...(rev === undefined ? {} : { rev }),
      ...(revCount === undefined ? {} : { revCount }),
      ...(lastModified === undefined ? {} : { lastModified }),
      ...(found.narHash === undefined ? {} : { narHash: found.narHash }),
      sha256: found.sha256,
      size: found.size,
      unpackedSize: found.unpackedSize ?? 0,
    };
    return { facts, tree, lock };
  });
}
