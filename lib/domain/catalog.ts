import { isObject, isReadableChannel, isText } from './names.ts';

export const catalogKey = 'channels.json';

export const visibilities = ['public', 'private'] as const;
/** Who can read a channel where tokens are required: everybody, or whoever has a token for it. */
export type Visibility = (typeof visibilities)[number];

/** The catalog, `channels.json`: which channels there are. The Rust service knows only `channels`. */
export interface Catalog {
  readonly channels: readonly string[];
  /** Channels, including removed ones, that can be read without a token where tokens are required. */
  readonly public: readonly string[];
  /** Names of removed channels. They are never used for new channels; `restore` undoes a removal. */
  readonly removed: readonly string[];
  /** Keys that other tools wrote, kept unchanged. */
  readonly others: Readonly<Record<string, unknown>>;
}

export const emptyCatalog: Catalog = { channels: [], public: [], removed: [], others: {} };

function names(value: unknown, key: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isText)) return value;
  throw new Error(`${catalogKey}: "${key}" is not a list of names`);
}

/** Throws an Error that says what is wrong where the text is not a catalog. */
export function parseCatalog(text: string): Catalog {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error(`${catalogKey} is not an object`);
  const { channels, public: open, removed, ...others } = value;
  return {
    channels: names(channels, 'channels'),
    public: names(open, 'public'),
    removed: names(removed, 'removed'),
    others,
  };
}

export function formatCatalog(catalog: Catalog): string {
  const { channels, public: open, removed, others } = catalog;
  return `${JSON.stringify({ channels, public: open, removed, ...others }, null, 2)}\n`;
}

/** Entries that no request can reach. They are logged and never served. */
export const unreadableChannels = (catalog: Catalog): string[] =>
  [...catalog.channels, ...catalog.removed].filter((name) => !isReadableChannel(name));

/** Moves a channel's name to `removed`. It keeps its visibility, because its releases can still be read. */
export function removeChannel(catalog: Catalog, channel: string): Catalog {
  const others = (names: readonly string[]): string[] => names.filter((name) => name !== channel);
  const { channels, removed } = catalog;
  return { ...catalog, channels: others(channels), removed: [...others(removed), channel] };
}

/** Moves a channel's name from `removed` back to `channels`. */
export function restoreChannel(catalog: Catalog, channel: string): Catalog {
  const { channels, removed } = catalog;
  return {
    ...catalog,
    channels: channels.includes(channel) ? channels : [...channels, channel],
    removed: removed.filter((name) => name !== channel),
  };
}

/** The default visibility is the one that the catalog already has for the name. */
export function addChannel(catalog: Catalog, channel: string, visibility = visibilityOf(catalog, channel)): Catalog {
  return withVisibility({ ...catalog, channels: [...catalog.channels, channel] }, channel, visibility);
}

export const visibilityOf = ({ public: open }: Catalog, channel: string): Visibility =>
  open.includes(channel) ? 'public' : 'private';

export function withVisibility(catalog: Catalog, channel: string, visibility: Visibility): Catalog {
  if (visibilityOf(catalog, channel) === visibility) return catalog;
  const open = catalog.public.filter((name) => name !== channel);
  return { ...catalog, public: visibility === 'public' ? [...open, channel] : open };
}
