import { quoted, tarballFormatOf } from '../../lib/domain/names.ts';
import { NotFound, type Problem, Unavailable } from '../../lib/domain/problem.ts';
import type { ChannelDirectory } from '../../lib/store/read/directory.ts';
import type { ObjectHead } from '../../lib/store/read/reader.ts';
import type { Naming, ObjectFacts } from '../../lib/store/read/releases.ts';
import { isListed, type Restricted } from './readership.ts';

/** When all records are read to find out which extensions there are. */
const maxConcurrentRecords = 32;
const readTimeoutMs = 5_000;

export interface FindReleaseOptions {
  readonly directory: Pick<
    ChannelDirectory,
    | 'catalog'
    | 'reloadedCatalog'
    | 'record'
    | 'loadedRecord'
    | 'namesRelease'
    | 'channelsOf'
    | 'hasExtensionOf'
    | 'unread'
    | 'reload'
    | 'reloadLikeliest'
  >;
  readonly objects: Pick<ObjectFacts, 'find' | 'kept' | 'ask'>;
  readonly now: () => number;
}

export const stillReading = (): Unavailable => new Unavailable('The channels are still being read: try again.');

/** Whether a record names the release, of a channel that counts. */
export const namingOf = (
  key: string,
  { directory }: FindReleaseOptions,
  counts?: (channel: string) => boolean,
): Naming => ({
  isNamed: () => directory.namesRelease(key, counts),
  async isNamedNow() {
    await directory.reloadLikeliest(key, counts);
    return directory.namesRelease(key, counts);
  },
});

/**
 * Whether some channel has the extension that the key ends in. Records not yet in memory are loaded, a few at a time; before
 * the answer is no, the catalog is read again, for other functions may already lead to a channel that is new.
 */
async function isOfSomeChannel(key: string, { directory, now }: FindReleaseOptions): Promise<boolean> {
  const begun = now();
  const isKnownAfterReading = async (): Promise<boolean> => {
    const unread = [...directory.unread];
    for (let next = 0; next < unread.length && !directory.hasExtensionOf(key); next += maxConcurrentRecords) {
      if (now() - begun > readTimeoutMs) throw stillReading();
      await Promise.all(unread.slice(next, next + maxConcurrentRecords).map((channel) => directory.record(channel)));
    }
    return directory.hasExtensionOf(key);
  };
  const catalog = await directory.catalog();
  if (await isKnownAfterReading()) return true;
  return (await directory.reloadedCatalog()) !== catalog && isKnownAfterReading();
}

/** For readers that may read everything: any object with the ending of a tarball or of a channel, whether or not a record names it. */
async function findRelease(key: string, options: FindReleaseOptions): Promise<ObjectHead | undefined> {
  if (tarballFormatOf(key) === undefined && !(await isOfSomeChannel(key, options))) return undefined;
  return options.objects.find(key, namingOf(key, options));
}

/** The release if this reader may read it, otherwise what to answer; and whose records may say that it is retired. */
export interface Resolved {
  readonly found: ObjectHead | Problem;
  readonly mayRead: Restricted['mayRead'];
}

export const absent = (key: string): NotFound =>
  new NotFound(
    `There is no release ${quoted(key)}. The newest one of a channel is at /channel/NAME with the channel's extension.`,
  );

/** For readers that may read everything. */
export async function resolveAny(key: string, refused: () => Problem, options: FindReleaseOptions): Promise<Resolved> {
  const found = (await findRelease(key, options)) ?? refused();
  const listed = await options.directory.catalog().catch(() => undefined);
  return { found, mayRead: (channel) => listed !== undefined && isListed(listed, channel) };
}
