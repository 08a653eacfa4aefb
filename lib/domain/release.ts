import { isObject, isText, quoted } from './names.ts';
import { InvalidInput, type Problem } from './problem.ts';

/** What is known about a release besides its bytes. Facts pass from the declaration to the object's metadata, the record, the Link and flake.lock. */
export interface ReleaseFacts {
  /** 40 hexadecimal digits, lower case. */
  readonly rev?: string;
  readonly revCount?: number;
  /** Seconds since 1970. */
  readonly lastModified?: number;
  /** SRI: `sha256-` and 44 characters of base64. */
  readonly narHash?: string;
  /** Of the file as it is stored: 64 hexadecimal digits, lower case. */
  readonly sha256?: string;
}

/**
 * What inspecting an archive tells about its use. It is kept only in the record: an object's metadata is for what belongs in a
 * lock, and can never be changed.
 */
export interface ArchiveFacts {
  /** Whether there is a flake.nix at the root. */
  readonly flake: boolean;
  /** 1 is a single directory, which Nix strips. */
  readonly topLevelEntries: number;
}

export const isArchiveFacts = (value: unknown): value is ArchiveFacts =>
  isObject(value) &&
  typeof value.flake === 'boolean' &&
  Number.isSafeInteger(value.topLevelEntries) &&
  (value.topLevelEntries as number) > 0;

const patterns = {
  rev: /^[0-9a-f]{40}$/i,
  narHash: /^sha256-[A-Za-z0-9+/]{43}=$/,
  sha256: /^[0-9a-f]{64}$/i,
} as const;

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The latest time that a Date can hold. */
const maxTimeSeconds = 8_640_000_000_000;

function isFact(name: keyof ReleaseFacts, value: unknown): boolean {
  if (name === 'revCount') return isCount(value);
  if (name === 'lastModified') return isCount(value) && value <= maxTimeSeconds;
  return isText(value) && patterns[name].test(value);
}

/** For the messages, apart from the patterns: serving only drops what is wrong. */
const rules = {
  rev: '40 hexadecimal digits',
  revCount: 'a whole number that is not negative',
  lastModified: 'a whole number that is not negative',
  narHash: 'an SRI hash such as sha256-…=',
  sha256: '64 hexadecimal digits',
} as const;

/** What is wrong with a fact, or undefined. */
export function brokenFactRule(name: keyof ReleaseFacts, value: unknown): Problem | undefined {
  if (isFact(name, value)) return undefined;
  const rule = name === 'lastModified' && isCount(value) ? 'a time in seconds since 1970' : rules[name];
  return new InvalidInput(name, `${name} must be ${rule}, but is ${quoted(String(value))}.`);
}

const factNames = ['rev', 'revCount', 'lastModified', 'narHash', 'sha256'] as const;

function pick(
  value: (name: keyof ReleaseFacts) => unknown,
  accept: (name: keyof ReleaseFacts, fact: unknown) => boolean,
): ReleaseFacts {
  const entries = factNames
    .map((name) => [name, value(name)] as const)
    .filter(([name, fact]) => fact !== undefined && accept(name, fact))
    .map(([name, fact]) => [name, name === 'rev' || name === 'sha256' ? (fact as string).toLowerCase() : fact]);
  return Object.fromEntries(entries) as ReleaseFacts;
}

/** The facts that a publisher declares. Throws for the first invalid one. */
export function declaredFacts(value: Readonly<Record<string, unknown>>): ReleaseFacts {
  return pick(
    (name) => value[name],
    (name, fact) => {
      const problem = brokenFactRule(name, fact);
      if (problem !== undefined) throw problem;
      return true;
    },
  );
}

/** The valid facts in data that any tool may have written. */
export const credibleFacts = (value: Readonly<Record<string, unknown>>): ReleaseFacts =>
  pick((name) => value[name], isFact);

/** Whether two releases unpack to the same tree with the same time, however they were compressed. False where that is unknown. */
export const isSameTree = (one: ReleaseFacts, other: ReleaseFacts): boolean =>
  one.narHash !== undefined && one.narHash === other.narHash && one.lastModified === other.lastModified;

/** S3 metadata (`x-amz-meta-…`): S3 lower-cases its names, and every reader of a presigned URL sees it. */
export function factsToMetadata(facts: ReleaseFacts, channel: string): Record<string, string> {
  const entries = factNames
    .filter((name) => facts[name] !== undefined)
    .map((name) => [name.toLowerCase(), String(facts[name])]);
  return { ...Object.fromEntries(entries), channel };
}

const countOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

export function factsFromMetadata(metadata: Readonly<Record<string, string>>): ReleaseFacts {
  return credibleFacts({
    ...metadata,
    revCount: countOf(metadata.revcount),
    lastModified: countOf(metadata.lastmodified),
    narHash: metadata.narhash,
  });
}

/** The facts of one release, with the entity tag of the object that they were copied from. */
export interface StoredFacts extends ReleaseFacts {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The facts of all releases of a channel, by release, in `facts/{channel}.json`. It is a copy of what the objects' metadata says,
 * so that a page of releases takes one request. It is not part of the record, because each refresh of a record parses all of it.
 */
export type ChannelFacts = ReadonlyMap<string, StoredFacts>;

export const noFacts: ChannelFacts = new Map();

/** No reader can reach a key with a slash. */
export const factsKey = (channel: string): string => `facts/${channel}.json`;

/** Throws an Error that says what is wrong where the text is not such a document. Entries that are damaged are dropped. */
export function parseChannelFacts(text: string): ChannelFacts {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || !isObject(value.releases)) throw new Error('"releases" is not an object');
  const facts = new Map<string, StoredFacts>();
  for (const [release, entry] of Object.entries(value.releases))
    if (isObject(entry) && isText(entry.etag) && isCount(entry.size))
      facts.set(release, { etag: entry.etag, size: entry.size, ...credibleFacts(entry) });
  return facts;
}

/** A line for each release. */
export function formatChannelFacts(facts: ChannelFacts): string {
  const lines = [...facts].map(([release, stored]) => `${JSON.stringify(release)}: ${JSON.stringify(stored)}`);
  return `{"releases": {${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n`}}}\n`;
}

const isSame = (one: StoredFacts, other: StoredFacts | undefined): boolean =>
  other !== undefined && (['etag', 'size', ...factNames] as const).every((name) => one[name] === other[name]);

/** The entries of `found` that the document lacks, or has otherwise. */
export const newFacts = (facts: ChannelFacts, found: ChannelFacts): ChannelFacts =>
  new Map([...found].filter(([release, stored]) => !isSame(stored, facts.get(release))));

/** A number of bytes for people, such as `7 B` or `2.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}

const mebibyte = 1024 * 1024;
const minPartBytes = 16 * mebibyte;
/** Amazon S3 multipart upload limits: 10,000 parts, 5 TiB an object. */
const maxParts = 10_000;
export const maxFileBytes = 5 * 1024 ** 4;

interface PartPlan {
  readonly partSize: number;
  readonly count: number;
}

/** How a file is cut into parts. It depends only on the size in bytes, so that a later run cuts the file the same way. */
export function planParts(size: number): PartPlan {
  const partSize = Math.max(minPartBytes, Math.ceil(size / maxParts / mebibyte) * mebibyte);
  return { partSize, count: Math.max(1, Math.ceil(size / partSize)) };
}

/** The length in bytes of the part with this number (the first is 1). */
export const partLength = (size: number, partNumber: number): number => {
  const { partSize } = planParts(size);
  return Math.min(partSize, size - (partNumber - 1) * partSize);
};
