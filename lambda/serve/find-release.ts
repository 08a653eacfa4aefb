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
  readonly objects: Pick<ObjectFacts, 'find' | 'kept' | 'findRestricted'>;
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
 * A release belongs to the channel in its object's metadata, and to every channel whose record names it, as far as memory
 * tells. Of the ending the same holds as for who may read everything.
 */
async function isReadable(
  key: string,
  head: ObjectHead,
  { mayRead }: Restricted,
  { directory }: FindReleaseOptions,
): Promise<boolean> {
  if (head.channel !== undefined && mayRead(head.channel)) {
    if (tarballFormatOf(key) !== undefined) return true;
    const { record } = await directory.record(head.channel);
    if (record !== undefined && key.endsWith(record.fileExtension)) return true;
  }
  return directory.namesRelease(key, mayRead);
}

/** A release that was seen before, without asking the bucket for it. */
export async function knownRelease(
  key: string,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const head = options.objects.kept(key);
  return head !== undefined && (await isReadable(key, head, readership, options)) ? head : undefined;
}

/**
 * For who may read some channels. A release that is there and not for this reader takes the same steps as one that is not
 * there, so that neither the answer nor its time tells them apart.
 */
export async function findRestrictedRelease(
  key: string,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const { directory, objects } = options;
  const known = await knownRelease(key, readership, options);
  if (known !== undefined) return known;
  return objects.findRestricted(key, {
    isNamed: () => directory.namesRelease(key, readership.mayRead),
    isReadable: (head) => isReadable(key, head, readership, options),
    async learn() {
      if (!(await directory.load(readership.named(), mostRecords))) throw stillReading();
    },
  });
}
