import { Unavailable } from '../../lib/domain/problem.ts';
import { tarballFormatOf } from '../../lib/domain/tarball-formats.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';
import type { CatalogView, ChannelDirectory } from '../../lib/store/read/channel-directory.ts';
import type { Naming, ObjectFacts } from '../../lib/store/read/object-facts.ts';
import type { Restricted } from './readership.ts';

/** Records asked for at once, and milliseconds for all of them, to learn which extensions there are. */
const recordsAtOnce = 32;
const patience = 5_000;
/** Records that one request may ask for to learn whether a release is of a channel that its reader may read. */
const maxRecords = 64;

export interface FindReleaseOptions {
  readonly directory: Pick<
    ChannelDirectory,
    | 'catalog'
    | 'reloadedCatalog'
    | 'record'
    | 'loadedRecord'
    | 'namesRelease'
    | 'hasExtensionOf'
    | 'unread'
    | 'reload'
    | 'reloadLikeliest'
  >;
  readonly objects: Pick<ObjectFacts, 'find' | 'kept' | 'ask'>;
  readonly now: () => number;
}

const stillReading = (): Unavailable => new Unavailable('The channels are still being read: try again.');

/** Whether a record names the release, of a channel that counts. */
const namingOf = (key: string, { directory }: FindReleaseOptions, counts?: (channel: string) => boolean): Naming => ({
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
    for (let next = 0; next < unread.length && !directory.hasExtensionOf(key); next += recordsAtOnce) {
      if (now() - begun > patience) throw stillReading();
      await Promise.all(unread.slice(next, next + recordsAtOnce).map((channel) => directory.record(channel)));
    }
    return directory.hasExtensionOf(key);
  };
  const catalog = await directory.catalog();
  if (await isKnownAfterReading()) return true;
  return (await directory.reloadedCatalog()) !== catalog && isKnownAfterReading();
}

/** For who may read everything: any object with the ending of a tarball or of a channel, whether or not a record names it. */
export async function findRelease(key: string, options: FindReleaseOptions): Promise<ObjectHead | undefined> {
  if (tarballFormatOf(key) === undefined && !(await isOfSomeChannel(key, options))) return undefined;
  return options.objects.find(key, namingOf(key, options));
}

/**
 * Whether the release was uploaded by a channel that may be read. Of the ending the same holds as for who may read everything.
 */
async function isOfReadable(
  key: string,
  { channel }: ObjectHead,
  { mayRead }: Restricted,
  { directory }: FindReleaseOptions,
): Promise<boolean> {
  if (channel === undefined || !mayRead(channel)) return false;
  if (tarballFormatOf(key) !== undefined) return true;
  const { record } = await directory.record(channel);
  return record !== undefined && key.endsWith(record.fileExtension);
}

/** @param isNamed whether a record of a channel that may be read names the release */
const isForReader = async (
  key: string,
  head: ObjectHead | undefined,
  isNamed: boolean,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<boolean> => head !== undefined && (isNamed || (await isOfReadable(key, head, readership, options)));

/**
 * A release that was seen before and is of a channel that may be read, or named by one, without asking the bucket for it. Whether
 * it is named is looked up first, as of a release that nobody has seen: time tells nothing.
 */
export async function knownRelease(
  key: string,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const isNamed = options.directory.namesRelease(key, readership.mayRead);
  const head = options.objects.kept(key);
  return (await isForReader(key, head, isNamed, readership, options)) ? head : undefined;
}

export interface Reader {
  /** What may be read by this catalog. */
  readonly readershipIn: (catalog: CatalogView) => Restricted;
  /**
   * What was read within this time is not read again before the answer is no. 0 with a good token; without one anybody could
   * have all public channels read again by each request.
   */
  readonly recentMs: number;
}

/**
 * For who may read some channels: a release belongs to the channel in its object's metadata, and to every channel whose record
 * names it. Before the answer is no, catalog and records are read again: other functions may already lead to what was
 * published, promoted or opened since. One that is there and not for this reader takes the same steps as one that is not
 * there, so that neither the answer nor its time tells them apart.
 */
export async function findRestrictedRelease(
  key: string,
  { readershipIn, recentMs }: Reader,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const { directory, objects } = options;
  const before = readershipIn(await directory.catalog());
  const naming = namingOf(key, options, before.mayRead);
  const isNamed = naming.isNamed();
  const known = objects.kept(key);
  if (await isForReader(key, known, isNamed, before, options)) return known;
  const head = await objects.ask(key, naming);
  if (await isForReader(key, head, isNamed, before, options)) return head;
  const readership = readershipIn(await directory.reloadedCatalog(recentMs));
  const areRead = await directory.reload(readership.named(), maxRecords, recentMs);
  const isNamedNow = directory.namesRelease(key, readership.mayRead);
  if (await isForReader(key, head, isNamedNow, readership, options)) return head;
  if (!areRead) throw stillReading();
  return undefined;
}
