import { hash } from 'node:crypto';
import type { IndexDocument } from '../../../lib/api/reading.ts';
import { escapeControls } from '../../../lib/domain/names.ts';
import { NotFound, Unavailable } from '../../../lib/domain/problem.ts';
import { type ChannelRecord, latestFacts, resolvedRelease } from '../../../lib/domain/record.ts';
import { noFacts } from '../../../lib/domain/release.ts';
import { type Snippet, snippetsOf } from '../../../lib/domain/snippets.ts';
import type { CatalogView, ChannelDirectory, RecordView } from '../../../lib/store/read/directory.ts';
import type { ObjectHead } from '../../../lib/store/read/reader.ts';
import type { Access } from '../../auth/scope.ts';
import type { FoundChannel } from '../channel.ts';
import type { ReadRequest } from '../read-request.ts';
import { givenBy, mayRead, openTo, type Readership } from '../readership.ts';
import type { Intent, ReadableDocument } from '../respond.ts';
import { preferredFormat } from './accept.ts';
import type { FactsOf } from './channel-facts.ts';
import { describeChannel, describeReleases } from './describe.ts';
import { atomFeed } from './feed.ts';
import { flakeRegistry } from './flake-registry.ts';
import { contentSecurityPolicy } from './html.ts';
import { channelPage, indexPage } from './pages.ts';
import { channelText, indexText } from './text.ts';

export { keepChannelFacts } from './channel-facts.ts';

/** Channels of a page for people, and releases of a page of a channel. A page stays below 20 KB. */
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

const contentTypes = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  feed: 'application/atom+xml; charset=utf-8',
} as const;

function answer(document: ReadableDocument, { knownEtags }: Request): Intent {
  const etag = `"${hash('sha256', document.contentType + document.body, 'base64url')}"`;
  return knownEtags.includes(etag) ? { kind: 'document-unchanged', etag } : { kind: 'show-document', document, etag };
}

/** Within the texts of JSON, `escapeControls` writes what JSON reads as the same text. */
const json = (value: unknown, isPublic: boolean): ReadableDocument => ({
  contentType: contentTypes.json,
  body: `${JSON.stringify(value, null, 2).split('\n').map(escapeControls).join('\n')}\n`,
  isPublic,
});

const html = (body: string, isPublic: boolean): ReadableDocument => ({
  contentType: contentTypes.html,
  body,
  contentSecurityPolicy,
  isPublic,
});

/** What the reader may see, and by what. A token that is refused hides nothing that is public. */
async function readershipOf(
  { authorization }: Request,
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
    return answer(json(flakeRegistry(baseUrl, flakes), isPublic), request);
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
  if (format === 'json') return answer(json(index, isPublic), request);
  if (format === 'text')
    return answer({ contentType: contentTypes.text, body: indexText(baseUrl, index), isPublic }, request);
  const snippetOf = (channel: string): Snippet | undefined => {
    const record = records.get(channel)?.record;
    const isServed = record !== undefined && record.removed === undefined && !catalog.removed.has(channel);
    return isServed ? snippetsOf(baseUrl, channel, record)[0] : undefined;
  };
  return answer(html(indexPage(baseUrl, index, snippetOf, now()), isPublic), request);
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

/** The page of a channel, and the documents about it. While the bucket is away they have what is known without it. */
export async function answerDocument(
  { channel, record }: FoundChannel,
  as: 'page' | 'json' | 'rev' | 'feed',
  request: Request,
  { directory, access, findObject, factsOf, now, baseUrl }: ChannelOptions,
): Promise<Intent> {
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
    return answer({ contentType: contentTypes.text, body: rev, isPublic }, request);
  }
  if (as === 'feed')
    return answer({ contentType: contentTypes.feed, body: atomFeed(baseUrl, described), isPublic }, request);
  if (format === 'json') return answer(json(described, isPublic), request);
  const snippets = snippetsOf(baseUrl, channel, record);
  if (format === 'text')
    return answer(
      { contentType: contentTypes.text, body: channelText(baseUrl, described, snippets), isPublic },
      request,
    );
  return answer(html(channelPage(baseUrl, described, snippets, now()), isPublic), request);
}
