import { type Catalog, catalogKey, emptyCatalog, parseCatalog, unreadableChannels } from '../../domain/catalog.ts';
import { Unavailable } from '../../domain/problem.ts';
import { type ChannelRecord, parseRecord, recordKey } from '../../domain/record.ts';
import type { Freshness, Refreshed } from './cache.ts';
import { type BucketReader, refreshedText } from './reader.ts';
import { RecordReloads } from './record-reloads.ts';
import { ReleaseIndex } from './release-index.ts';

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

interface DirectoryOptions {
  readonly reader: Pick<BucketReader, 'readText'>;
  readonly maxAgeMs: number;
  /** For how long past the maximum age the catalog is used while S3 fails. Absent: without limit. */
  readonly catalogStaleIfErrorMs?: number | undefined;
  readonly now: () => number;
  /** Called for a catalog or record that cannot be parsed. */
  readonly onBroken: (key: string, reason: string) => void;
  readonly onStale: (key: string, cause: unknown) => void;
}

const reasonOf = (error: unknown): string => (error as Error).message;

/** The catalog and the records, kept in memory. Names that the catalog does not have are never asked of the bucket. */
export class ChannelDirectory {
  readonly #options: DirectoryOptions;
  readonly #catalog: Refreshed<CatalogView>;
  readonly #records = new Map<string, Refreshed<RecordView>>();
  readonly #index = new ReleaseIndex();
  /** Names of the catalog, removed ones too, of which no record that can be read is in memory. */
  readonly #unread = new Set<string>();
  readonly #reloads: RecordReloads;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#reloads = new RecordReloads((channel) => this.#refreshed(channel), options);
    const { reader, catalogStaleIfErrorMs: staleIfErrorMs } = options;
    this.#catalog = refreshedText<CatalogView>(
      {
        reader,
        key: catalogKey,
        parse: ({ text }) => this.#view(parseCatalog(text)),
        // A catalog that is damaged hides no channel: the last good one stands, as when the bucket is away.
        unreadable: (error) => {
          options.onBroken(catalogKey, reasonOf(error));
          throw new Unavailable('The list of channels cannot be read at present: try again.', error);
        },
        absent: () => this.#view(emptyCatalog),
      },
      { ...this.#freshness(catalogKey), ...(staleIfErrorMs === undefined ? {} : { staleIfErrorMs }) },
    );
  }

  async catalog(): Promise<CatalogView> {
    return this.#catalog.get();
  }

  /** The catalog, read again unless it was read within this time. */
  async reloadedCatalog(recentMs = 0): Promise<CatalogView> {
    const { last, loadedAt } = this.#catalog;
    return last !== undefined && this.#options.now() - loadedAt < recentMs ? last : this.#catalog.reload();
  }

  /** @param channel one of the catalog's names */
  async record(channel: string): Promise<RecordView> {
    return this.#refreshed(channel).get();
  }

  /**
   * Reads the records of these channels and of the public ones again, at most `max` in all, the oldest first. Those of the
   * public channels are left as they are if that was done within `recentMs`. False if some records are still older than the
   * maximum age.
   */
  reload(channels: Iterable<string>, max: number, recentMs = 0): Promise<boolean> {
    return this.#reloads.reload(channels, max, recentMs);
  }

  /**
   * Reads the record again that is likeliest to name a release: that of the channel, among those that count, whose name the
   * release's name begins with. Does nothing if too many records are read for this reason at the moment.
   */
  async reloadLikeliest(key: string, counts: (channel: string) => boolean = () => true): Promise<void> {
    const channel = this.#likeliest(key, counts);
    if (channel !== undefined) await this.#reloads.reloadOne(channel);
  }

  /** The channel, among those that count, whose name the release's name begins with: the longest one. */
  #likeliest(key: string, counts: (channel: string) => boolean): string | undefined {
    const isMeant = (channel: string): boolean => this.#catalog.last?.channels.has(channel) === true && counts(channel);
    let end = key.lastIndexOf('-');
    while (end > 0 && !isMeant(key.slice(0, end))) end = key.lastIndexOf('-', end - 1);
    return end > 0 ? key.slice(0, end) : undefined;
  }

  /** A record if it is in memory, however old. */
  loadedRecord(channel: string): RecordView | undefined {
    return this.#records.get(channel)?.last;
  }

  /**
   * Whether a record in memory, of a channel that counts, names the release with this key as its latest or an older one. The
   * releases of a removed channel stay readable, so its record counts too.
   */
  namesRelease(key: string, counts: (channel: string) => boolean = () => true): boolean {
    return this.#index.channelsOf(key).some(counts);
  }

  /**
   * The channels, among those that count, whose records may have something to say of a release: those that name it, and the one
   * that uploaded it; where there are none, the one that it is likeliest of.
   */
  channelsOf(key: string, owner: string | undefined, counts: (channel: string) => boolean): readonly string[] {
    const channels = new Set(this.#index.channelsOf(key).filter(counts));
    const more =
      owner !== undefined && counts(owner) ? owner : channels.size > 0 ? undefined : this.#likeliest(key, counts);
    return more === undefined ? [...channels] : [...channels.add(more)];
  }

  /** Whether a record in memory has the extension that the key ends in. */
  hasExtensionOf(key: string): boolean {
    return this.#index.hasExtensionOf(key);
  }

  /** Names of the catalog, removed ones too, of which no record that can be read is in memory. */
  get unread(): ReadonlySet<string> {
    return this.#unread;
  }

  #refreshed(channel: string): Refreshed<RecordView> {
    const known = this.#records.get(channel);
    if (known !== undefined) return known;
    const { reader, onBroken } = this.#options;
    const key = recordKey(channel);
    const keep = (before: RecordView | undefined, after: RecordView): RecordView => {
      // A channel that left the catalog meanwhile has no place to keep it in.
      if (this.#records.get(channel) !== refreshed) return after;
      this.#index.replace(channel, before?.record, after.record);
      if (after.record === undefined) this.#unread.add(channel);
      else this.#unread.delete(channel);
      return after;
    };
    const refreshed: Refreshed<RecordView> = refreshedText<RecordView>(
      {
        reader,
        key,
        parse: ({ text, changedAt }, before) => keep(before, { record: parseRecord(text), changedAt }),
        unreadable: (error, { changedAt }, before) => {
          onBroken(key, reasonOf(error));
          if (before?.record === undefined) return { changedAt };
          throw new Unavailable('A record cannot be read at present: try again.', error);
        },
        absent: (before) => {
          onBroken(key, 'the catalog has the channel, but the bucket has no record of it');
          return keep(before, { changedAt: 0 });
        },
      },
      this.#freshness(key),
    );
    this.#records.set(channel, refreshed);
    return refreshed;
  }

  #freshness(key: string): Freshness {
    const { maxAgeMs, now, onStale } = this.#options;
    return { maxAgeMs, now, onStale: (cause) => onStale(key, cause) };
  }

  #view(catalog: Catalog): CatalogView {
    const unreadable = new Set(unreadableChannels(catalog));
    for (const name of unreadable) this.#options.onBroken(catalogKey, `no channel name: ${JSON.stringify(name)}`);
    const removed = new Set(catalog.removed.filter((name) => !unreadable.has(name)));
    const channels = new Set(catalog.channels.filter((name) => !unreadable.has(name) && !removed.has(name)));
    const open = new Set(catalog.public.filter((name) => channels.has(name) || removed.has(name)));
    const view = { channels, public: open, removed };
    for (const [channel, { last }] of this.#records) {
      if (channels.has(channel) || removed.has(channel)) continue;
      this.#records.delete(channel);
      this.#index.replace(channel, last?.record, undefined);
    }
    this.#unread.clear();
    for (const name of [...channels, ...removed])
      if (this.loadedRecord(name)?.record === undefined) this.#unread.add(name);
    this.#reloads.publicChannels = view.public;
    return view;
  }
}
