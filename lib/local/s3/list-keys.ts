import { compareUtf8 } from './compare-utf8.ts';

export interface ListingQuestion {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only keys after this one. */
  readonly after: string;
  readonly most: number;
}

export interface Listing {
  readonly keys: readonly string[];
  readonly commonPrefixes: readonly string[];
  /** The last key or common prefix of a listing that goes on. */
  readonly next?: string;
}

/** One page of keys in the order of their UTF-8 bytes; a common prefix counts as one. */
export function listKeys(sorted: readonly string[], { prefix, delimiter, after, most }: ListingQuestion): Listing {
  const keys: string[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  for (const key of sorted) {
    if (!key.startsWith(prefix) || compareUtf8(key, after) <= 0) continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? undefined : key.slice(0, at + delimiter.length);
    // A page that ended with a common prefix goes on behind everything below it.
    if (common !== undefined && (common === commonPrefixes.at(-1) || common === after)) continue;
    if (keys.length + commonPrefixes.length >= most) {
      return { keys, commonPrefixes, ...(last === undefined ? {} : { next: last }) };
    }
    if (common === undefined) keys.push(key);
    else commonPrefixes.push(common);
    last = common ?? key;
  }
  return { keys, commonPrefixes };
}
