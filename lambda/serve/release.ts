import { quoted, tarballFormatOf } from '../../lib/domain/names.ts';
import { NotFound, type Problem, Unavailable } from '../../lib/domain/problem.ts';
import type { CatalogView, ChannelDirectory } from '../../lib/store/read/directory.ts';
import type { ObjectHead } from '../../lib/store/read/reader.ts';
import type { Naming, ObjectFacts, PresignedUrls } from '../../lib/store/read/releases.ts';
import type { Access } from '../auth/scope.ts';
import type { ReadRequest } from './read-request.ts';
import { givenByPatterns, ofReleases, openTo, type Restricted } from './readership.ts';
import type { Intent } from './respond.ts';

/** When all records are read to find out which extensions there are. */
const maxConcurrentRecords = 32;
const readTimeoutMs = 5_000;
/** Records that one request may ask for to learn whether a release is of a channel that its reader may read. */
const maxRecords = 64;

interface FindReleaseOptions {
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

/**
 * Whether the release was uploaded by a channel that may be read. The ending must be the same as for readers of everything.
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
async function knownRelease(
  key: string,
  readership: Restricted,
  options: FindReleaseOptions,
): Promise<ObjectHead | undefined> {
  const isNamed = options.directory.namesRelease(key, readership.mayRead);
  const head = options.objects.kept(key);
  return (await isForReader(key, head, isNamed, readership, options)) ? head : undefined;
}

interface Reader {
  /** What may be read by this catalog. */
  readonly readershipIn: (catalog: CatalogView) => Restricted;
  /**
   * What was read within this time is not read again before the answer is no. 0 with a good token; without one anybody could
   * have all public channels read again by each request.
   */
  readonly recentMs: number;
}

/**
 * For readers that may read only some channels: a release belongs to the channel in its object's metadata, and to every channel whose record
 * names it. Before the answer is no, catalog and records are read again: other functions may already lead to what was
 * published, promoted or opened since. One that is there and not for this reader takes the same steps as one that is not
 * there, so that neither the answer nor its time tells them apart.
 */
async function findRestrictedRelease(
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

/** Amazon S3: a key is at most 1,024 bytes of UTF-8. */
const maxKeyBytes = 1_024;
/** Without a good token, catalog and records are read again at most once in this time. */
const anonymousRecentMs = 1_000;

interface PermanentOptions extends FindReleaseOptions {
  readonly access: Access | undefined;
  readonly urls: Pick<PresignedUrls, 'of'>;
}

/** `.` and `..` would be another address of the bucket's server (RFC 3986, 5.2.4). */
const couldBeKey = (key: string): boolean =>
  key.isWellFormed() &&
  Buffer.byteLength(key) <= maxKeyBytes &&
  !/^\.{0,2}$|[/\p{Cc}]/u.test(key) &&
  !key.toLowerCase().endsWith('.json');

const absent = (key: string): NotFound =>
  new NotFound(
    `There is no release ${quoted(key)}. The newest one of a channel is at /channel/NAME with the channel's extension.`,
  );

/** The release if this reader may read it, otherwise what to answer. */
async function resolve(
  key: string,
  authorization: string | undefined,
  options: PermanentOptions,
): Promise<ObjectHead | Problem> {
  const { access, directory } = options;
  const isKey = couldBeKey(key);
  if (access === undefined) return (isKey ? await findRelease(key, options) : undefined) ?? absent(key);
  const catalog = await directory.catalog();
  const open = openTo(catalog);
  const known = isKey && catalog.public.size > 0 ? await knownRelease(key, open, options) : undefined;
  if (known !== undefined) return known;
  const caller = await access.authenticate(authorization);
  const scope = 'scope' in caller ? caller.scope : undefined;
  const refused = (): Problem => ('scope' in caller ? absent(key) : caller.refusal);
  if (!isKey) return refused();
  if (scope === 'all') return (await findRelease(key, options)) ?? refused();
  // Where nothing is public, whoever has no token costs the bucket nothing.
  if (scope === undefined && catalog.public.size === 0) return refused();
  const reader = {
    readershipIn: (now: CatalogView) => ofReleases(givenByPatterns(scope ?? [], now), now),
    recentMs: scope === undefined ? anonymousRecentMs : 0,
  };
  return (await findRestrictedRelease(key, reader, options)) ?? refused();
}

/** A permanent URL leads to the same release forever. */
export async function answerPermanent(
  key: string,
  { method, knownEtags, authorization }: Pick<ReadRequest, 'method' | 'knownEtags' | 'authorization'>,
  options: PermanentOptions,
): Promise<Intent> {
  const head = await resolve(key, authorization, options);
  if (head instanceof Error) throw head;
  if (knownEtags.includes(head.etag)) return { kind: 'not-modified', key, etag: head.etag, head };
  if (method === 'HEAD') return { kind: 'describe-object', key, head };
  return { kind: 'lead-to-bucket', key, head, url: await options.urls.of(key) };
}
