import type { IndexDocument } from '../../../lib/api/reading.ts';
import { NotFound, Problem, Unavailable } from '../../../lib/domain/problem.ts';
import { type ChannelRecord, latestFacts, resolvedRelease } from '../../../lib/domain/record.ts';
import { noFacts } from '../../../lib/domain/release.ts';
import { pageSnippetsOf, type Snippet, snippetsOf } from '../../../lib/domain/snippets.ts';
import type { CatalogView, ChannelDirectory, RecordView } from '../../../lib/store/read/directory.ts';
import type { ObjectHead } from '../../../lib/store/read/reader.ts';
import type { Access } from '../../auth/scope.ts';
import { type FoundChannel, maxConsidered } from '../channel.ts';
import type { ReadRequest } from '../read-request.ts';
import { givenBy, mayRead, openTo, type Readership } from '../readership.ts';
import { type Intent, type Response, respondProblem } from '../respond.ts';
import { preferredFormat } from './accept.ts';
import type { FactsOf } from './channel-facts.ts';
import { describeChannel, describeReleases, movesOfPage } from './describe.ts';
import { atomFeed } from './feed.ts';
import { flakeRegistry } from './flake-registry.ts';
import { channelPage, indexPage } from './pages.ts';
import { maxChannels, problemPage } from './problem-page.ts';
import { answer, asPage, contentTypes, html, json } from './respond-document.ts';
import { channelText, indexText } from './text.ts';

export { keepChannelFacts } from './channel-facts.ts';

/** Channels of a page for people, and releases of a page of a channel. An HTML page has those of them that fit in 20 KB. */
const maxRows = 50;
/** Channels or releases of a page of JSON. */
const maxJsonRows = 500;
const maxConcurrentRecords = 32;
const readTimeoutMs = 5_000;

type Request = Pick<ReadRequest, 'authorization' | 'accept' | 'after' | 'knownEtags'>;

interface DocumentOptions {
  readonly directory: Pick<ChannelDirectory, 'catalog' | 'record'>;
  readonly access: Access | undefined;
  readonly now: () => number;
  readonly baseUrl: string;
}

/** What the reader may see, and by what. A token that is refused hides nothing that is public. */
async function readershipOf(
  { authorization }: Pick<Request, 'authorization'>,
  catalog: CatalogView,
  access: Access | undefined,
): Promise<{ readonly access: IndexDocument['access']; readonly readership: Readership }> {
  if (access === undefined) return { access: 'open', readership: 'everything' };
  const caller = authorization === undefined ? undefined : await access.authenticate(authorization);
  return caller !== undefined && 'scope' in caller
    ? { access: 'token', readership: givenBy(caller.scope, catalog) }
    : { access: 'public', readership: openTo(catalog) };
}

type NamedRecord = readonly [channel: string, view: RecordView];

/** A few at a time. What was read stays in memory, so a repeat goes on where this one gave up. */
async function recordsOf(names: readonly string[], { directory, now }: DocumentOptions): Promise<NamedRecord[]> {
  const begun = now();
  const records: NamedRecord[] = [];
  for (let next = 0; next < names.length; next += maxConcurrentRecords) {
    if (now() - begun > readTimeoutMs) throw new Unavailable('The channels are still being read: try again.');
    const some = names.slice(next, next + maxConcurrentRecords);
    records.push(...(await Promise.all(some.map(async (name) => [name, await directory.record(name)] as const))));
  }
  return records;
}

const byCodePoint = (one: string, other: string): number => (one < other ? -1 : 1);

/** `/`, `/index.json` and `/flake-registry.json`. */
export async function answerIndex(
  as: 'page' | 'json' | 'registry',
  request: Request,
  options: DocumentOptions,
): Promise<Intent> {
  const { directory, now, baseUrl } = options;
  const catalog = await directory.catalog();
  const { access, readership } = await readershipOf(request, catalog, options.access);
  const isPublic = access !== 'token';
  const isReadable = (name: string): boolean => mayRead(readership, name);
  if (as === 'registry') {
    const records = await recordsOf([...catalog.channels].filter(isReadable).sort(byCodePoint), options);
    const flakes = records.flatMap(([channel, { record }]) =>
      record === undefined || record.removed !== undefined ? [] : [{ channel, record }],
    );
    return answer(json(flakeRegistry(baseUrl, flakes), isPublic), request.knownEtags);
  }
  const format = as === 'json' ? 'json' : preferredFormat(request.accept);
  const limit = format === 'json' ? maxJsonRows : maxRows;
  const { after } = request;
  const names = [...catalog.channels, ...catalog.removed]
    .filter((name) => isReadable(name) && (after === undefined || name > after))
    .sort(byCodePoint);
  const records = new Map(await recordsOf(names.slice(0, limit), options));
  const channels = [...records].map(([channel, { record }]) =>
    describeChannel(baseUrl, channel, record, catalog.removed.has(channel)),
  );
  const last = names.length > limit ? names[limit - 1] : undefined;
  const index: IndexDocument = { access, channels, ...(last === undefined ? {} : { next: last }) };
  if (format === 'json') return answer(json(index, isPublic), request.knownEtags);
  if (format === 'text')
    return answer({ contentType: contentTypes.text, body: indexText(baseUrl, index), isPublic }, request.knownEtags);
  const snippetOf = (channel: string): Snippet | undefined => {
    const record = records.get(channel)?.record;
    const isServed = record !== undefined && record.removed === undefined && !catalog.removed.has(channel);
    return isServed ? snippetsOf(baseUrl, channel, record)[0] : undefined;
  };
  return answer(html(indexPage(baseUrl, { index, after, snippetOf, now: now() }), isPublic), request.knownEtags);
}

interface ChannelOptions extends DocumentOptions {
  readonly findObject: (key: string) => Promise<ObjectHead | undefined>;
  readonly factsOf: FactsOf;
}

/** What the bucket says of the latest release, where the record does not say it all. */
const headOfLatest = (record: ChannelRecord, findObject: ChannelOptions['findObject']) => {
  const release = latestFacts(record)?.size === undefined ? resolvedRelease(record) : undefined;
  return release === undefined ? undefined : findObject(release + record.fileExtension).catch(() => undefined);
};

/** A history has the names of other channels: where a promotion came from. One that not every reader of it may read is left out. */
async function withReadableSources(
  { channel, record }: FoundChannel,
  request: Request,
  { directory, access }: DocumentOptions,
): Promise<ChannelRecord> {
  if (access === undefined || !record.history.some(({ source }) => source !== undefined)) return record;
  const catalog = await directory.catalog();
  const readership = catalog.public.has(channel)
    ? openTo(catalog)
    : (await readershipOf(request, catalog, access)).readership;
  const history = record.history.map(({ source, ...change }) =>
    source === undefined || !mayRead(readership, source) ? change : { ...change, source },
  );
  return { ...record, history };
}

/** The page of a channel, and the documents about it. While the bucket is away they have what is known without it. */
export async function answerDocument(
  found: FoundChannel,
  as: 'page' | 'json' | 'rev' | 'feed',
  request: Request,
  options: ChannelOptions,
): Promise<Intent> {
  const { channel } = found;
  const { directory, access, findObject, factsOf, now, baseUrl } = options;
  const record = await withReadableSources(found, request, options);
  const isPublic = access === undefined || (await directory.catalog()).public.has(channel);
  const [head, facts] = await Promise.all([
    headOfLatest(record, findObject),
    as === 'page' || as === 'json' ? factsOf(channel) : noFacts,
  ]);
  const format = as === 'json' ? 'json' : preferredFormat(request.accept);
  const limit = as === 'page' && format !== 'json' ? maxRows : maxJsonRows;
  const described = describeReleases(baseUrl, { channel, record, head, facts, after: request.after, limit });
  if (as === 'rev') {
    const rev = described.latest?.rev;
    if (rev === undefined)
      throw new NotFound(`No revision is known of the latest release of the channel "${channel}".`);
    return answer({ contentType: contentTypes.text, body: rev, isPublic }, request.knownEtags);
  }
  if (as === 'feed')
    return answer({ contentType: contentTypes.feed, body: atomFeed(baseUrl, described), isPublic }, request.knownEtags);
  const snippets = pageSnippetsOf(baseUrl, channel, record, described.latest ?? {});
  if (format === 'json') {
    const whole = request.after === undefined ? { ...described, snippets } : described;
    return answer(json(whole, isPublic), request.knownEtags);
  }
  if (format === 'text')
    return answer(
      { contentType: contentTypes.text, body: channelText(baseUrl, described, snippets), isPublic },
      request.knownEtags,
    );
  const page = channelPage(baseUrl, {
    document: described,
    moves: (releases) => movesOfPage(record, releases, request.after === undefined),
    after: request.after,
    snippets,
    now: now(),
  });
  return answer(html(page, isPublic), request.knownEtags);
}

/**
 * A refusal as a page for a browser, with the channels that the reader may read. No record is looked at, so a private and an
 * unknown name cost the same here too. What is no refusal is thrown again.
 */
export async function showProblem(
  problem: unknown,
  { accept, authorization }: Readonly<Record<string, string | undefined>>,
  { directory, access, baseUrl }: Pick<DocumentOptions, 'directory' | 'access' | 'baseUrl'>,
): Promise<Response> {
  if (!(problem instanceof Problem) || problem.status >= 500 || preferredFormat(accept) !== 'html') throw problem;
  const readable = async (): Promise<string[]> => {
    const catalog = await directory.catalog();
    const { readership } = await readershipOf({ authorization }, catalog, access);
    const names: string[] = [];
    let considered = 0;
    for (const name of catalog.channels) {
      considered += 1;
      if (considered > maxConsidered || names.length > maxChannels) break;
      if (mayRead(readership, name)) names.push(name);
    }
    return names.sort(byCodePoint);
  };
  return asPage(respondProblem(problem), problemPage(baseUrl, problem, await readable().catch(() => [])));
}
