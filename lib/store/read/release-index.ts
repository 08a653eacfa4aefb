import type { ChannelRecord } from '../../domain/record.ts';

interface Named {
  /** How many records have the extension, those without a release among them. */
  records: number;
  /** By release: the channel that names it, or several, for promotions are rare and entries many. */
  readonly channels: Map<string, string | readonly string[]>;
}

/** A dot and 31 characters: the longest that a record may have. */
const maxExtensionLength = 32;
const none: readonly string[] = [];

/** Oldest first. */
const releasesOf = (record: ChannelRecord | undefined): readonly string[] => {
  if (record === undefined) return none;
  return record.latest === undefined ? record.previous : [...record.previous, record.latest];
};

/**
 * Which channels name a release. A look-up costs the same however many records there are and however long they are; a record
 * that is new costs as much as it is long, and one that grew, as it does with each publication, hardly anything.
 */
export class ReleaseIndex {
  readonly #byExtension = new Map<string, Named>();

  /** Puts a channel's record in the place of the one before. */
  replace(channel: string, before: ChannelRecord | undefined, after: ChannelRecord | undefined): void {
    if (before === after) return;
    const isSameExtension = before?.fileExtension === after?.fileExtension;
    const [old, releases] = [releasesOf(before), releasesOf(after)];
    const hasGrown = isSameExtension && old.every((release, place) => release === releases[place]);
    if (after !== undefined) this.#add(channel, after.fileExtension, hasGrown ? releases.slice(old.length) : releases);
    if (before === undefined) return;
    const kept = new Set(isSameExtension && !hasGrown ? releases : none);
    this.#remove(channel, before.fileExtension, hasGrown ? none : old.filter((release) => !kept.has(release)));
  }

  /** @param key a release's name and extension */
  channelsOf(key: string): readonly string[] {
    const found: string[] = [];
    for (const [release, { channels }] of this.#readingsOf(key)) {
      const naming = channels.get(release);
      if (naming !== undefined) found.push(...[naming].flat());
    }
    return found;
  }

  /** Whether a record has the extension that the key ends in. */
  hasExtensionOf(key: string): boolean {
    return this.#readingsOf(key).length > 0;
  }

  /**
   * Ways to read the key as a release and an extension: `a-1.tar.xz` is `a-1` with `.tar.xz`, or `a-1.tar` with `.xz`. An
   * extension that another tool wrote may begin with any character.
   */
  #readingsOf(key: string): readonly (readonly [string, Named])[] {
    const readings: (readonly [string, Named])[] = [];
    for (let at = key.length - 1; at > 0 && key.length - at <= maxExtensionLength; at -= 1) {
      const named = this.#byExtension.get(key.slice(at));
      if (named !== undefined) readings.push([key.slice(0, at), named]);
    }
    return readings;
  }

  #add(channel: string, extension: string, releases: readonly string[]): void {
    const named = this.#byExtension.get(extension) ?? { records: 0, channels: new Map() };
    this.#byExtension.set(extension, named);
    named.records += 1;
    for (const release of releases) {
      const naming = named.channels.get(release);
      if (naming === undefined) named.channels.set(release, channel);
      else if (![naming].flat().includes(channel)) named.channels.set(release, [...[naming].flat(), channel]);
    }
  }

  #remove(channel: string, extension: string, releases: readonly string[]): void {
    const named = this.#byExtension.get(extension);
    if (named === undefined) return;
    named.records -= 1;
    if (named.records === 0) this.#byExtension.delete(extension);
    for (const release of releases) {
      const [one, ...more] = [named.channels.get(release) ?? none].flat().filter((name) => name !== channel);
      if (one === undefined) named.channels.delete(release);
      else named.channels.set(release, more.length === 0 ? one : [one, ...more]);
    }
  }
}
