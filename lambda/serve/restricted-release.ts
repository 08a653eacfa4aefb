import { tarballFormatOf } from '../../lib/domain/names.ts';
import type { Problem } from '../../lib/domain/problem.ts';
import type { CatalogView } from '../../lib/store/read/directory.ts';
import type { ObjectHead } from '../../lib/store/read/reader.ts';
import type { Access } from '../auth/scope.ts';
import { absent, type FindReleaseOptions, namingOf, type Resolved, resolveAny, stillReading } from './find-release.ts';
import { givenByPatterns, ofReleases, openTo, type Restricted } from './readership.ts';

/** Records that one request may ask for to learn whether a release is of a channel that its reader may read. */
const maxRecords = 64;

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

/** Without a good token, catalog and records are read again at most once in this time. */
const anonymousRecentMs = 1_000;

const nobody = (): boolean => false;

/** Where readers need tokens for what is not public. */
export async function resolveRestricted(
  key: string,
  isKey: boolean,
  authorization: string | undefined,
  access: Access,
  options: FindReleaseOptions,
): Promise<Resolved> {
  const { directory } = options;
  const catalog = await directory.catalog();
  const open = openTo(catalog);
  const known = isKey && catalog.public.size > 0 ? await knownRelease(key, open, options) : undefined;
  if (known !== undefined) return { found: known, mayRead: open.mayRead };
  const caller = await access.authenticate(authorization);
  const scope = 'scope' in caller ? caller.scope : undefined;
  const refused = (): Problem => ('scope' in caller ? absent(key) : caller.refusal);
  if (!isKey) return { found: refused(), mayRead: nobody };
  if (scope === 'all') return resolveAny(key, refused, options);
  // Where nothing is public, whoever has no token costs the bucket nothing.
  if (scope === undefined && catalog.public.size === 0) return { found: refused(), mayRead: nobody };
  const reader = {
    readershipIn: (now: CatalogView) => ofReleases(givenByPatterns(scope ?? [], now), now),
    recentMs: scope === undefined ? anonymousRecentMs : 0,
  };
  const found = (await findRestrictedRelease(key, reader, options)) ?? refused();
  return { found, mayRead: reader.readershipIn(await directory.catalog()).mayRead };
}

export type ResolveRestricted = typeof resolveRestricted;
