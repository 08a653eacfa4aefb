import type { ChannelRecord } from '../../domain/record.ts';

interface Named {
  /** How many records have the extension, those without a release among them. */
  records: number;
  /** By release: the channel that names it, or several, for promotions are rare and entries many. */
  readonly channels: Map<string, string | readonly string[]>;
}

/** A dot and 31 characters: the longest that a record may have. */
const longestExtension = 32;
const none: readonly string[] = [];

const releasesOf = ({ latest, previous }: ChannelRecord): readonly string[] =>
  latest === undefined ? previous : [...previous, latest];

/**
 * Which channels name a release. A look-up costs the same however many records there are and however long they are; a record
 * that changes costs as much as it is long. The names are those of the records themselves, so an entry is small.
 */
export class ReleaseIndex {
  readonly #byExtension = new Map<string, Named>();

  /** Puts a channel's record in the place of the one before. */
  replace(channel: string, before: ChannelRecord | undefined, after: ChannelRecord | undefined): void {
    if (before === after) return;
    const kept = new Set(
      after !== undefined && after.fileExtension === before?.fileExtension ? releasesOf(after) : none,
    );
    if (after !== undefined) this.#add(channel, after);
    if (before !== undefined) this.#remove(channel, before, kept);
  }

  /** @param key a release's name and extension */
  channelsOf(key: string): readonly string[] {
    const found: string[] = [];
    for (const [release, { channels }] of this.#readingsOf(key)) {
      const naming = channels.get(release);
      if (naming !== undefined) found.push(...(typeof naming === 'string' ? [naming] : naming));
    }
    return found;
  }

  /** Whether a record has the extension that the key ends in. */
  hasExtensionOf(key: string): boolean {
    return this.#readingsOf(key).length > 0;
  }

  /** Ways to read the key as a release and an extension: `a-1.tar.xz` is `a-1` with `.tar.xz`, or `a-1.tar` with `.xz`. */
  #readingsOf(key: string): readonly (readonly [string, Named])[] {
    const readings: (readonly [string, Named])[] = [];
    for (
      let at = key.lastIndexOf('.');
      at > 0 && key.length - at <= longestExtension;
      at = key.lastIndexOf('.', at - 1)
    ) {
      const named = this.#byExtension.get(key.slice(at));
      if (named !== undefined) readings.push([key.slice(0, at), named]);
    }
    return readings;
  }

  #add(channel: string, record: ChannelRecord): void {
    const named = this.#byExtension.get(record.fileExtension) ?? { records: 0, channels: new Map() };
    this.#byExtension.set(record.fileExtension, named);
    named.records += 1;
    for (const release of releasesOf(record)) {
      const naming = named.channels.get(release);
      if (naming === undefined) named.channels.set(release, channel);
      else if (naming !== channel && !(typeof naming !== 'string' && naming.includes(channel)))
        named.channels.set(release, [...(typeof naming === 'string' ? [naming] : naming), channel]);
    }
  }

  #remove(channel: string, record: ChannelRecord, kept: ReadonlySet<string>): void {
    const named = this.#byExtension.get(record.fileExtension);
    if (named === undefined) return;
    named.records -= 1;
    if (named.records === 0) {
      this.#byExtension.delete(record.fileExtension);
      return;
    }
    for (const release of releasesOf(record)) {
      if (kept.has(release)) continue;
      const naming = named.channels.get(release);
      const [one, ...more] =
        naming === undefined || naming === channel ? none : [naming].flat().filter((name) => name !== channel);
      if (one === undefined) named.channels.delete(release);
      else named.channels.set(release, more.length === 0 ? one : [one, ...more]);
    }
  }
}
