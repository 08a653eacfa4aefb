import { Unavailable } from '../../lib/domain/problem.ts';
import { tarballFormatOf } from '../../lib/domain/tarball-formats.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';
import type { ChannelDirectory } from '../../lib/store/read/channel-directory.ts';
import type { ObjectFacts } from '../../lib/store/read/object-facts.ts';
import type { Restricted } from './readership.ts';

/** Records asked for at once, and milliseconds for all of them, to learn which extensions there are. */
const recordsAtOnce = 32;
const patience = 5_000;
/** Records that one request may ask for to learn whether a release is of a channel that its reader may read. */
const mostRecords = 64;

export interface FindReleaseOptions {
  readonly directory: Pick<ChannelDirectory, 'catalog' | 'record' | 'loadedRecord' | 'namesRelease' | 'load'>;
  readonly objects: Pick<ObjectFacts, 'find' | 'kept' | 'findRestricted' | 'refuse'>;
  readonly now: () => number;
}

const stillReading = (): Unavailable => new Unavailable('The channels are still being read: try again.');

/** Whether some channel has the extension that the key ends in. Records not yet in memory are loaded, a few at a time. */
async function isOfSomeChannel(key: string, { directory, now }: FindReleaseOptions): Promise<boolean> {
  const { channels, removed } = await directory.catalog();
  const fits = (extension: string | undefined): boolean => extension !== undefined && key.endsWith(extension);
  const unknown: string[] = [];
  for (const channel of [...channels, ...removed]) {
    const loaded = directory.loadedRecord(channel);
    if (fits(loaded?.record?.fileExtension)) return true;
    if (loaded === undefined) unknown.push(channel);
  }
  const begun = now();
  for (let next = 0; next < unknown.length; next += recordsAtOnce) {
    if (now() - begun > patience) throw stillReading();
    const some = await Promise.all(
      unknown.slice(next, next + recordsAtOnce).map((channel) => directory.record(channel)),
    );
    if (some.some(({ record }) => fits(record?.fileExtension))) return true;
  }
  return false;
}

/** For who may read everything: any object with the ending of a tarball or of a channel, whether or not a record names it. */
export async function findRelease(key: string, options: FindReleaseOptions): Promise<ObjectHead | undefined> {
  if (tarballFormatOf(key) === undefined && !(await isOfSomeChannel(key, options))) return undefined;
  return options.objects.find(key, () => options.directory.namesRelease(key));
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

/** @param named whether a record of a channel that may be read names the release */
const isForReader = async (
  key: string,
  head: ObjectHead | undefined,
  named: boolean,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<boolean> => head !== undefined && (named || (await isOfReadable(key, head, readership, options)));

/**
 * A release that was seen before and is of a channel that may be read, or named by one, without asking the bucket for it. Whether
 * it is named is looked up first, as of a release that nobody has seen: time tells nothing.
 */
export async function knownRelease(
  key: string,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const named = options.directory.namesRelease(key, readership.mayRead);
  const head = options.objects.kept(key);
  return (await isForReader(key, head, named, readership, options)) ? head : undefined;
}

/**
 * For who may read some channels: a release belongs to the channel in its object's metadata, and to every channel whose record
 * names it, as far as memory tells. One that is there and not for this reader takes the same steps as one that is not there,
 * so that neither the answer nor its time tells them apart.
 */
export async function findRestrictedRelease(
  key: string,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const { directory, objects } = options;
  const isNamed = (): boolean => directory.namesRelease(key, readership.mayRead);
  const named = isNamed();
  const known = objects.kept(key);
  if (await isForReader(key, known, named, readership, options)) return known;
  const head = await objects.findRestricted(key, named);
  if (await isForReader(key, head, named, readership, options)) return head;
  if (!(await directory.load(readership.named(), mostRecords))) throw stillReading();
  // What was refused before may have been published since: then a record names it.
  if (!named && isNamed()) return head ?? objects.find(key, () => true);
  objects.refuse(key);
  return undefined;
}
