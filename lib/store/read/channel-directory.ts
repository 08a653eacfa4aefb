import { type Catalog, catalogKey, emptyCatalog, parseCatalog, unreadableChannels } from '../../domain/catalog.ts';
import { Unavailable } from '../../domain/problem.ts';
import { type ChannelRecord, hasRelease, parseRecord, recordKey } from '../../domain/record.ts';
import type { BucketReader } from './bucket-reader.ts';
import { type Freshness, Refreshed } from './refreshed.ts';

/** The catalog as it is asked: by name. A name is a channel or was removed, never both, whatever the bucket has. */
export interface CatalogView {
  readonly channels: ReadonlySet<string>;
  /** Some of the channels and of the removed ones. */
  readonly public: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
}

/** A channel's record; `record` is absent when the bucket has none that can be read. */
export interface RecordView {
  readonly record?: ChannelRecord;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

interface Loaded<View> {
  readonly etag: string | undefined;
  readonly view: View;
}

export interface DirectoryOptions {
  readonly reader: Pick<BucketReader, 'readText'>;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Milliseconds past the maximum age for which the catalog stands while S3 fails. Absent: without limit. */
  readonly catalogBelieved?: number | undefined;
  readonly now: () => number;
  /** Told of a catalog or record that cannot be read as one. */
  readonly onBroken: (key: string, reason: string) => void;
  readonly onStale: (key: string, cause: unknown) => void;
}

const isNamedBy = (record: ChannelRecord | undefined, key: string): boolean =>
  record !== undefined &&
  key.endsWith(record.fileExtension) &&
  hasRelease(record, key.slice(0, -record.fileExtension.length));

const reasonOf = (error: unknown): string => (error as Error).message;

/** The catalog and the records, kept in memory. Names that the catalog does not have are never asked of the bucket. */
export class ChannelDirectory {
  readonly #options: DirectoryOptions;
  readonly #catalog: Refreshed<Loaded<CatalogView>>;
  readonly #records = new Map<string, Refreshed<Loaded<RecordView>>>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    const { catalogBelieved: believed } = options;
    this.#catalog = new Refreshed((previous) => this.#loadCatalog(previous), {
      ...this.#freshness(catalogKey),
      ...(believed === undefined ? {} : { believed }),
    });
  }

  async catalog(): Promise<CatalogView> {
    return (await this.#catalog.get()).view;
  }

  /** @param channel one of the catalog's names */
  async record(channel: string): Promise<RecordView> {
    return (await this.#refreshed(channel).get()).view;
  }

  /**
   * Loads records that are not in memory, then refreshes those that are too old, the oldest first, a bounded number in all.
   * False when some of them are still not in memory.
   */
  async load(channels: Iterable<string>, most: number): Promise<boolean> {
    const due = [...channels].filter((channel) => !this.#refreshed(channel).isFresh);
    const unknown = due.filter((channel) => this.loadedRecord(channel) === undefined);
    const old = due
      .filter((channel) => this.loadedRecord(channel) !== undefined)
      .sort((one, other) => this.#refreshed(one).freshUntil - this.#refreshed(other).freshUntil);
    await Promise.all([...unknown, ...old].slice(0, most).map((channel) => this.record(channel)));
    return unknown.length <= most;
  }

  /** A record if it is in memory, however old. */
  loadedRecord(channel: string): RecordView | undefined {
    return this.#records.get(channel)?.last?.view;
  }

  /**
   * Whether a record in memory, of a channel that counts, names the release with this key as its latest or an older one. The
   * releases of a removed channel stay readable, so its record counts too.
   */
  namesRelease(key: string, counts: (channel: string) => boolean = () => true): boolean {
    for (const [channel, { last }] of this.#records)
      if (isNamedBy(last?.view.record, key) && counts(channel)) return true;
    return false;
  }

  #refreshed(channel: string): Refreshed<Loaded<RecordView>> {
    let refreshed = this.#records.get(channel);
    if (refreshed === undefined) {
      const key = recordKey(channel);
      refreshed = new Refreshed((previous) => this.#loadRecord(key, previous), this.#freshness(key));
      this.#records.set(channel, refreshed);
    }
    return refreshed;
  }

  #freshness(key: string): Freshness {
    const { maxAge, now, onStale } = this.#options;
    return { maxAge, now, onStale: (cause) => onStale(key, cause) };
  }

  async #loadCatalog(previous: Loaded<CatalogView> | undefined): Promise<Loaded<CatalogView>> {
    const stored = await this.#options.reader.readText(catalogKey, previous?.etag);
    if (stored === 'unchanged' && previous !== undefined) return previous;
    const catalog = typeof stored === 'string' ? emptyCatalog : this.#parseCatalog(stored.text);
    const unreadable = new Set(unreadableChannels(catalog));
    for (const name of unreadable) this.#options.onBroken(catalogKey, `no channel name: ${JSON.stringify(name)}`);
    const removed = new Set(catalog.removed.filter((name) => !unreadable.has(name)));
    const channels = new Set(catalog.channels.filter((name) => !unreadable.has(name) && !removed.has(name)));
    const open = new Set(catalog.public.filter((name) => channels.has(name) || removed.has(name)));
    const view = { channels, public: open, removed };
    for (const channel of this.#records.keys()) {
      if (!view.channels.has(channel) && !view.removed.has(channel)) this.#records.delete(channel);
    }
    return { etag: typeof stored === 'string' ? undefined : stored.etag, view };
  }

  /** A catalog that is damaged hides no channel: the last good one stands, as when the bucket is away. */
  #parseCatalog(text: string): Catalog {
    try {
      return parseCatalog(text);
    } catch (error) {
      this.#options.onBroken(catalogKey, reasonOf(error));
      throw new Unavailable('The list of channels cannot be read at present: try again.', error);
    }
  }

  async #loadRecord(key: string, previous: Loaded<RecordView> | undefined): Promise<Loaded<RecordView>> {
    const stored = await this.#options.reader.readText(key, previous?.etag);
    if (stored === 'unchanged' && previous !== undefined) return previous;
    if (typeof stored === 'string') {
      this.#options.onBroken(key, 'the catalog has the channel, but the bucket has no record of it');
      return { etag: undefined, view: { changedAt: 0 } };
    }
    const { text, etag, changedAt } = stored;
    try {
      return { etag, view: { record: parseRecord(text), changedAt } };
    } catch (error) {
      this.#options.onBroken(key, reasonOf(error));
      return { etag, view: { changedAt } };
    }
  }
}
