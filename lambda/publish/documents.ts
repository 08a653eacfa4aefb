import { Conflict } from '../../lib/api/problem.ts';
import { type Catalog, catalogKey, emptyCatalog, formatCatalog, parseCatalog } from '../../lib/domain/catalog.ts';
import {
  type DenyList,
  denyListKey,
  emptyDenyList,
  formatDenyList,
  parseDenyList,
} from '../../lib/domain/deny-list.ts';
import { assertExistingChannel, isReadableChannel, quoted } from '../../lib/domain/names.ts';
import { Gone, NotFound, Unavailable } from '../../lib/domain/problem.ts';
import { type ChannelRecord, formatRecord, parseRecord, recordKey } from '../../lib/domain/record.ts';
import {
  type ChannelFacts,
  factsKey,
  formatChannelFacts,
  noFacts,
  parseChannelFacts,
} from '../../lib/domain/release.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import type { PublishOptions } from './observe-publish.ts';

/** A JSON document of the bucket: where it is, and how it is read and written. */
interface Document<Current, Next = Current> {
  readonly key: string;
  /** @param text undefined where the bucket does not have it */
  readonly parse: (text: string | undefined) => Current;
  readonly format: (value: Next) => string;
}

/** A document that is damaged is never written over: what it held would be lost. */
function parseUndamaged<Value>(key: string, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    throw new Conflict(
      'damaged',
      `"${key}" in the bucket is damaged (${(error as Error).message}), so it was not changed: restore its last good version (aws s3api list-object-versions --prefix ${key}), then run the command again.`,
    );
  }
}

export const catalogDocument: Document<Catalog> = {
  key: catalogKey,
  parse: (text) => (text === undefined ? emptyCatalog : parseUndamaged(catalogKey, text, parseCatalog)),
  format: formatCatalog,
};

export const denyListDocument: Document<DenyList> = {
  key: denyListKey,
  parse: (text) => (text === undefined ? emptyDenyList : parseUndamaged(denyListKey, text, parseDenyList)),
  format: formatDenyList,
};

export function factsDocument(channel: string): Document<ChannelFacts> {
  const key = factsKey(channel);
  return {
    key,
    parse: (text) => (text === undefined ? noFacts : parseUndamaged(key, text, parseChannelFacts)),
    format: formatChannelFacts,
  };
}

/** A channel's record, whether it exists or not. */
export function recordDocument(channel: string): Document<ChannelRecord | undefined, ChannelRecord> {
  const key = recordKey(channel);
  return {
    key,
    parse: (text) => (text === undefined ? undefined : parseUndamaged(key, text, parseRecord)),
    format: formatRecord,
  };
}

export const channelRemoved = (channel: string): Gone =>
  new Gone(
    `The channel "${channel}" was removed: an administrator can restore it with "channelctl restore ${channel}".`,
  );

export const recordMissing = (channel: string): NotFound =>
  new NotFound(`The bucket has no record of the channel ${quoted(channel)}.`);

/** The record of a channel that can be published to: 404 where there is none, 410 where the channel was removed. */
export function liveRecordDocument(channel: string): Document<ChannelRecord> {
  const document = recordDocument(channel);
  return {
    ...document,
    parse: (text) => {
      const record = document.parse(text);
      if (record === undefined) throw recordMissing(channel);
      if (record.removed !== undefined) throw channelRemoved(channel);
      return record;
    },
  };
}

type Reader = Pick<BucketWriter, 'readText'>;

type ReadableDocument<Current> = Pick<Document<Current, never>, 'key' | 'parse'>;

const isDamaged = (error: unknown): boolean => error instanceof Conflict && error.code === 'damaged';

/** The document with its entity tag. An answer may be cut on its way, so what cannot be parsed is read once more. */
async function readDocument<Current>(
  bucket: Reader,
  { key, parse }: ReadableDocument<Current>,
): Promise<{ readonly current: Current; readonly etag: string | undefined }> {
  const found = await bucket.readText(key);
  try {
    return { current: parse(found?.text), etag: found?.etag };
  } catch (error) {
    if (!isDamaged(error)) throw error;
    const again = await bucket.readText(key);
    return { current: parse(again?.text), etag: again?.etag };
  }
}

export const loadDocument = async <Current>(bucket: Reader, document: ReadableDocument<Current>): Promise<Current> =>
  (await readDocument(bucket, document)).current;

/** Throws unless the catalog has the channel: 404, or 410 where it was removed. */
export function assertListed(catalog: Catalog, channel: string): void {
  if (catalog.removed.includes(channel)) throw channelRemoved(channel);
  if (!catalog.channels.includes(channel))
    throw new NotFound(
      `There is no channel ${quoted(channel)}: an administrator can add it with "channelctl add ${channel}".`,
    );
}

export async function loadChannel(
  bucket: Reader,
  channel: string,
): Promise<{ readonly catalog: Catalog; readonly record: ChannelRecord }> {
  assertExistingChannel(channel);
  const document = liveRecordDocument(channel);
  const [catalog, stored] = await Promise.all([loadDocument(bucket, catalogDocument), bucket.readText(document.key)]);
  assertListed(catalog, channel);
  try {
    return { catalog, record: document.parse(stored?.text) };
  } catch (error) {
    if (!isDamaged(error)) throw error;
    return { catalog, record: await loadDocument(bucket, document) };
  }
}

/** The gateway waits 30 s. */
const swapTimeoutMs = 20_000;
const maxPauseMs = 1_000;

interface Decision<Next, Answer> {
  readonly answer: Answer;
  /** Absent where there is nothing to write. */
  readonly next?: Next;
}

interface Swap<Current, Next, Answer> {
  /** Called with the current value, and again after each lost race. */
  readonly decide: (current: Current) => Decision<Next, Answer> | Promise<Decision<Next, Answer>>;
  /** Decides and writes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly timeoutMs?: number;
}

type SwapOptions = Pick<PublishOptions, 'now' | 'sleep'> & {
  readonly bucket: Reader & Pick<BucketWriter, 'writeText'>;
};

/** Changes a document by compare-and-swap, again and again while others change it at the same time. */
export async function compareAndSwap<Current, Next, Answer>(
  { bucket, now, sleep }: SwapOptions,
  { key, parse, format }: Document<Current, Next>,
  { decide, dryRun = false, timeoutMs = swapTimeoutMs }: Swap<Current, Next, Answer>,
): Promise<Answer> {
  const begun = now();
  for (let attempt = 0; now() - begun < timeoutMs; attempt += 1) {
    const { current, etag } = await readDocument(bucket, { key, parse });
    const { answer, next } = await decide(current);
    if (next === undefined || dryRun) return answer;
    const condition = etag === undefined ? 'if-absent' : { ifMatch: etag };
    if ((await bucket.writeText(key, format(next), condition)) === 'written') return answer;
    await sleep(Math.random() * Math.min(maxPauseMs, 20 * 2 ** attempt));
  }
  throw new Unavailable(
    `Too many others are changing "${key}" at the same time. Nothing was changed: run the same command again.`,
  );
}

/**
 * The records of all other channels, of removed ones too: their releases can still be read. A record that is damaged refuses the
 * request, because nobody knows what it names.
 * @param counts whether a channel is looked at
 * @param catalog where it was loaded before
 */
export async function loadOthers(
  { bucket }: Pick<PublishOptions, 'bucket'>,
  channel: string,
  {
    counts = () => true,
    catalog,
  }: { readonly counts?: (name: string) => boolean; readonly catalog?: Pick<Catalog, 'channels' | 'removed'> } = {},
): Promise<readonly (readonly [channel: string, record: ChannelRecord])[]> {
  const { channels, removed } = catalog ?? (await loadDocument(bucket, catalogDocument));
  const names = [...new Set([...channels, ...removed])].filter(
    (name) => name !== channel && isReadableChannel(name) && counts(name),
  );
  const records = await mapLimit(
    names,
    maxConcurrentRequests,
    async (name) => [name, await loadDocument(bucket, recordDocument(name))] as const,
  );
  return records.flatMap(([name, record]) => (record === undefined ? [] : [[name, record] as const]));
}
