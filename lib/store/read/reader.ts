import { Unavailable } from '../../domain/problem.ts';
import { factsFromMetadata, type ReleaseFacts } from '../../domain/release.ts';
import { type Freshness, Refreshed } from './cache.ts';
import { type Presign, refusesKeys, type StoreKeys } from './presign.ts';
import type { RequestFunction, StoreRequest, StoreResponse } from './request.ts';

interface StoredText {
  readonly text: string;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

export interface ObjectHead {
  readonly etag: string;
  readonly size: number;
  /** As S3 writes it, an HTTP date. */
  readonly lastModified: string;
  /** The channel that uploaded it, where its metadata says so. */
  readonly channel?: string;
  /** What its metadata says of it as a release. */
  readonly facts: ReleaseFacts;
}

/** The bucket as the read path sees it. Only a 404 means absent; whatever else goes wrong is `Unavailable`. */
export interface BucketReader {
  readText(key: string, knownEtag?: string): Promise<StoredText | 'unchanged' | 'absent'>;
  head(key: string): Promise<ObjectHead | 'absent'>;
  presignGet(key: string, expiresInSeconds: number): Promise<string>;
  /** Counts up when URLs that were signed before are of no more use. */
  generation(): number;
}

/** Of the reader's own requests, which are sent at once; long enough for clocks that differ. */
const ownLifetimeSeconds = 60;
/** A function's timeout must be long enough for several of these, because requests may follow one another. */
const timeoutMs = 3_000;

const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The storage behind this service does not answer as it should: try again.', cause);

const headerOf = (response: StoreResponse, name: string): string => {
  const value = response.headers[name];
  if (typeof value === 'string') return value;
  throw unavailable(new Error(`S3's answer has no ${name}`));
};

const metadataPrefix = 'x-amz-meta-';

function metadataOf({ headers }: StoreResponse): Record<string, string> {
  const entries = Object.entries(headers)
    .filter((entry): entry is [string, string] => entry[0].startsWith(metadataPrefix) && typeof entry[1] === 'string')
    .map(([name, value]) => [name.slice(metadataPrefix.length), value]);
  return Object.fromEntries(entries);
}

const codeOf = ({ body }: StoreResponse): string => /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? '';

export function createBucketReader(request: RequestFunction, presign: Presign, keys: StoreKeys): BucketReader {
  type Ask = (method: 'GET' | 'HEAD', key: string, headers?: StoreRequest['headers']) => Promise<StoreResponse>;

  const send: Ask = async (method, key, headers) => {
    const url = await presign({ method, key, expiresInSeconds: ownLifetimeSeconds });
    try {
      return await request({ method, url, timeoutMs, ...(headers === undefined ? {} : { headers }) });
    } catch (error) {
      throw unavailable(error);
    }
  };

  const sendRenewing: Ask = async (method, key, headers) => {
    const used = await keys.get();
    const response = await send(method, key, headers);
    const isRefused = response.status !== 200 && refusesKeys(response.status, codeOf(response), method === 'HEAD');
    return isRefused && (await keys.renew?.(used)) ? send(method, key, headers) : response;
  };

  const ask = keys.renew === undefined ? send : sendRenewing;

  const unexpected = (method: string, key: string, response: StoreResponse): Unavailable =>
    unavailable(new Error(`${method} ${key}: S3 answered ${response.status} ${codeOf(response)}`.trimEnd()));

  return {
    async readText(key, knownEtag) {
      const response = await ask('GET', key, knownEtag === undefined ? undefined : { 'if-none-match': knownEtag });
      if (response.status === 404 && codeOf(response) !== 'NoSuchBucket') return 'absent';
      if (response.status === 304 && knownEtag !== undefined) return 'unchanged';
      if (response.status !== 200) throw unexpected('GET', key, response);
      return {
        text: response.body,
        etag: headerOf(response, 'etag'),
        changedAt: Date.parse(headerOf(response, 'last-modified')),
      };
    },

    async head(key) {
      const response = await ask('HEAD', key);
      if (response.status === 404) return 'absent';
      if (response.status !== 200) throw unexpected('HEAD', key, response);
      const metadata = metadataOf(response);
      const { channel } = metadata;
      return {
        ...(channel === undefined ? {} : { channel }),
        facts: factsFromMetadata(metadata),
        etag: headerOf(response, 'etag'),
        size: Number(headerOf(response, 'content-length')),
        lastModified: headerOf(response, 'last-modified'),
      };
    },

    presignGet: (key, expiresInSeconds) => presign({ method: 'GET', key, expiresInSeconds }),
    generation: keys.generation,
  };
}

interface ParsedText<Value> {
  readonly reader: Pick<BucketReader, 'readText'>;
  readonly key: string;
  /** Throws when the text is not what it should be. */
  readonly parse: (stored: StoredText, previous: Value | undefined) => Value;
  /** What to take for a text that cannot be parsed, or throws: then the last value stands. By default it throws. */
  readonly unreadable?: (error: unknown, stored: StoredText, previous: Value | undefined) => Value;
  /** What to take where the bucket has no such object. */
  readonly absent: (previous: Value | undefined) => Value;
}

/**
 * An object of the bucket, parsed and kept in memory. Of a text that cannot be parsed no entity tag is kept, for the answer
 * may have been cut on its way: the next load asks for the whole, and soon.
 */
export function refreshedText<Value>(source: ParsedText<Value>, freshness: Freshness): Refreshed<Value> {
  const { reader, key, parse, absent } = source;
  let etag: string | undefined;
  let isUnreadable = false;
  const load = async (previous: Value | undefined): Promise<Value> => {
    const stored = await reader.readText(key, etag);
    if (stored === 'unchanged' && previous !== undefined) return previous;
    etag = undefined;
    isUnreadable = false;
    if (typeof stored === 'string') return absent(previous);
    try {
      const value = parse(stored, previous);
      etag = stored.etag;
      return value;
    } catch (error) {
      isUnreadable = true;
      if (source.unreadable === undefined) throw error;
      return source.unreadable(error, stored, previous);
    }
  };
  return new Refreshed(load, freshness, () => isUnreadable);
}
