import { maxNameLength, quoted } from '../../lib/domain/names.ts';
import { Gone, NotFound, type Problem } from '../../lib/domain/problem.ts';
import { type ChannelRecord, latestFacts, resolvedRelease } from '../../lib/domain/record.ts';
import type { CatalogView, ChannelDirectory, RecordView } from '../../lib/store/read/directory.ts';
import type { ObjectHead } from '../../lib/store/read/reader.ts';
import type { Access } from '../auth/scope.ts';
import type { ReadRequest, Target } from './read-request.ts';
import { givenBy, isListed, mayRead, openTo, type Readership } from './readership.ts';
import type { Intent } from './respond.ts';
import type { refusedResumption } from './resume.ts';

export interface FoundChannel {
  readonly channel: string;
  readonly record: ChannelRecord;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
  /** Whether the channel's page is asked for rather than its latest release. */
  readonly page: boolean;
}

/** A channel that is served, or why there is none. */
type Finding =
  | { readonly found: FoundChannel }
  | {
      /** Called only for the answer that is sent, because an error is costly to create. */
      readonly problem: () => Problem;
      /**
       * `file`: a channel with its extension is what was asked for, and cannot be served. `page`: the same of its bare name, or of a
       * channel whose extension is not known. `nothing`: no channel that this reader may read has that address.
       */
      readonly of: 'file' | 'page' | 'nothing';
    };

type Directory = Pick<ChannelDirectory, 'catalog' | 'record'>;

/** Of a list of channels, in characters: Nix shows an error only if it is under 1,024 bytes. */
const maxListLength = 500;
/** The names of a long catalog that are looked at for such a list. */
export const maxConsidered = 1_000;

/** The first of the channels that may be read. A long catalog is not read to its end, so that the answer costs no more. */
function listOf({ channels }: CatalogView, readership: Readership): string {
  let shown = '';
  let considered = 0;
  for (const channel of channels) {
    considered += 1;
    const isReadable = mayRead(readership, channel);
    if (considered > maxConsidered || (isReadable && shown.length + channel.length > maxListLength))
      return `${shown === '' ? '' : `Channels: ${shown} and more. `}The page / lists all that you may read.`;
    if (isReadable) shown += shown === '' ? channel : `, ${channel}`;
  }
  if (shown !== '') return `Channels: ${shown}.`;
  return readership === 'everything' ? 'There are no channels yet.' : 'This token gives access to no channels.';
}

/** The catalog's channel of this name; 410 where it was removed, 404 where it cannot be served. */
function served(catalog: CatalogView, channel: string, { record, changedAt }: RecordView, page: boolean): Finding {
  const of = page ? 'page' : 'file';
  if (catalog.removed.has(channel) || record?.removed !== undefined)
    return {
      of,
      problem: () =>
        new Gone(`The channel "${channel}" was removed. What was locked before still answers at /permanent.`),
    };
  if (record === undefined)
    return {
      of,
      problem: () =>
        new NotFound(
          `The record of the channel "${channel}" is missing or damaged: tell the operator of this service.`,
        ),
    };
  return { found: { channel, record, changedAt, page } };
}

/** Names only what this reader may read. */
const unknown = (catalog: CatalogView, channel: string, readership: Readership): Finding => ({
  of: 'nothing',
  problem: () => new NotFound(`There is no channel ${quoted(channel)}. ${listOf(catalog, readership)}`),
});

const isReadable = (catalog: CatalogView, name: string, readership: Readership): boolean =>
  isListed(catalog, name) && mayRead(readership, name);

/** What a reader may not read is treated as if it were not there, before anything is asked of the bucket. */
async function findChannel(directory: Directory, channel: string, readership: Readership): Promise<Finding> {
  const catalog = await directory.catalog();
  if (!isReadable(catalog, channel, readership)) return unknown(catalog, channel, readership);
  return served(catalog, channel, await directory.record(channel), false);
}

/**
 * The names that may be meant by a file such as `nixos-25.05.tar.xz`, longest first: every beginning that a character of
 * `firsts` follows, with which the extension then begins.
 */
const channelsIn = (file: string, firsts: RegExp, catalog: CatalogView, readership: Readership): string[] =>
  [...file.slice(0, maxNameLength + 1).matchAll(firsts)]
    .map(({ index }) => file.slice(0, index))
    .filter((name) => isReadable(catalog, name, readership))
    .reverse();

/**
 * What `/channel/{file}` means: a channel with its extension, which comes first, or a channel's page, its bare name.
 * Only the records know the extensions, so those of all names that may be meant are looked at together: first the names before
 * a dot, and where none of them fits the others, because the Rust tool also writes extensions without a dot.
 */
async function findByFile(directory: Directory, file: string, readership: Readership): Promise<Finding> {
  const catalog = await directory.catalog();
  const recordsOf = (names: readonly string[]) =>
    Promise.all(names.map(async (name) => [name, await directory.record(name)] as const));
  const isMeant = ([name, { record }]: readonly [string, RecordView]): boolean =>
    record !== undefined && file === name + record.fileExtension;
  const names = channelsIn(file, /\./g, catalog, readership);
  const views = await recordsOf(isReadable(catalog, file, readership) ? [...names, file] : names);
  const meant = views.find(isMeant) ?? (await recordsOf(channelsIn(file, /[^.]/g, catalog, readership))).find(isMeant);
  if (meant !== undefined) return served(catalog, ...meant, false);
  const own = views.find(([name]) => name === file);
  if (own !== undefined) return served(catalog, ...own, true);
  const [nearest] = views;
  if (nearest === undefined) return unknown(catalog, file, readership);
  const finding = served(catalog, ...nearest, true);
  // Without a record nobody knows its extension: this address may have been the right one.
  if ('problem' in finding) return nearest[1].record === undefined ? finding : { ...finding, of: 'nothing' };
  const { channel, record } = finding.found;
  const address = `/channel/${channel}${record.fileExtension}`;
  return {
    of: 'nothing',
    problem: () =>
      new NotFound(`The channel "${channel}" has the extension "${record.fileExtension}": ask for ${address}`),
  };
}

interface ResolveOptions {
  readonly directory: Pick<ChannelDirectory, 'catalog' | 'record'>;
  readonly access: Access | undefined;
}

type ChannelTarget = Extract<Target, { kind: 'channel' | 'named' }>;

function foundIn(finding: Finding): FoundChannel {
  if ('problem' in finding) throw finding.problem();
  return finding.found;
}

/**
 * The channel that is asked for, as far as this reader may read it. What is public is looked for first: netrc sends a token
 * to everything, and a bad one must not close a public channel, or hide that it was removed. A public channel's page gives way
 * to a channel with its extension, as it does where everything is open, to those who may read that one.
 */
export async function resolveChannel(
  target: ChannelTarget,
  { authorization }: Pick<ReadRequest, 'authorization'>,
  { directory, access }: ResolveOptions,
): Promise<FoundChannel> {
  const find = (readership: Readership): Promise<Finding> =>
    target.kind === 'named'
      ? findChannel(directory, target.channel, readership)
      : findByFile(directory, target.file, readership);
  if (access === undefined) return foundIn(await find('everything'));
  const catalog = await directory.catalog();
  const open = await find(openTo(catalog));
  if ('found' in open ? !open.found.page : open.of === 'file') return foundIn(open);
  const caller = await access.authenticate(authorization);
  if ('scope' in caller) return foundIn(await find(givenBy(caller.scope, catalog)));
  if ('found' in open || open.of === 'page') return foundIn(open);
  throw caller.refusal;
}

interface ChannelAnswerOptions {
  /** What the bucket says of a release that a record names; undefined when it has none. */
  readonly findObject: (key: string) => Promise<ObjectHead | undefined>;
  readonly now: () => number;
  /** Origin, perhaps with a path, of every URL that is handed out. */
  readonly baseUrl: string;
  /** Loads what few requests need. */
  readonly rare: () => Promise<{ readonly refusedResumption: typeof refusedResumption }>;
}

/**
 * The release that the channel leads to. The bucket is asked once for each release, to compare entity tags, and to see that the
 * record's facts are still those of the object; where the record has none, the object's metadata has them. When the bucket is
 * away, the record is believed.
 */
export async function answerChannel(
  found: FoundChannel,
  { knownEtags, resumes }: Pick<ReadRequest, 'knownEtags' | 'resumes'>,
  { findObject, now, baseUrl, rare }: ChannelAnswerOptions,
): Promise<Intent> {
  const { channel, record } = found;
  const release = resolvedRelease(record);
  if (release === undefined)
    throw new NotFound(`The channel "${channel}" has no release at present: try again when one is published.`);
  const key = release + record.fileExtension;
  const head = await findObject(key).catch(() => undefined);
  const facts = latestFacts(record);
  const etag = head?.etag ?? facts?.etag;
  if (etag !== undefined && knownEtags.includes(etag)) return { kind: 'not-modified', key, etag };
  const refused = resumes ? (await rare()).refusedResumption(found, release, { now, baseUrl }) : undefined;
  if (refused !== undefined) throw refused;
  return {
    kind: 'lead-to-release',
    key,
    facts: facts !== undefined && etag === facts.etag ? facts : (head?.facts ?? {}),
  };
}
