import type { ChannelDocument, IndexDocument, ReadableChange, ReadableRelease } from '../../api/reading.ts';
import { isObject, isText } from '../../domain/names.ts';

/**
 * Whether what a service sent has the form that the command relies on. Anybody's server may answer, and what is not text or not a
 * number must not get as far as a table. Fields that are not known here stay, for `--json`.
 */
type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const absentOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

const optionalText = absentOr(isText);
const optionalNumber = absentOr(isNumber);

const isRelease = fields({
  release: isText,
  url: optionalText,
  publishedAt: optionalText,
  rev: optionalText,
  revUrl: optionalText,
  revCount: optionalNumber,
  lastModified: optionalNumber,
  narHash: optionalText,
  sha256: optionalText,
  size: optionalNumber,
  yanked: absentOr(fields({ reason: optionalText, at: optionalText })),
  retired: absentOr(fields({ reason: optionalText, at: optionalText, until: optionalText, instead: optionalText })),
});

/** What a service may say of a channel beside its releases. */
const described: Readonly<Record<string, Check>> = {
  channel: isText,
  state: isText,
  url: optionalText,
  latest: (value) => value === null || isRelease(value),
  homepage: optionalText,
  description: optionalText,
  aliases: absentOr(listOf(isText)),
  next: optionalText,
};

const isIndex = fields({ access: isText, channels: listOf(fields(described)), next: optionalText });

const isChannel = fields({
  ...described,
  extension: isText,
  snippets: absentOr(listOf(fields({ use: isText, text: isText }))),
  releases: listOf(isRelease),
  history: listOf(
    fields({
      action: isText,
      at: isText,
      count: optionalNumber,
      ...Object.fromEntries(['release', 'from', 'to', 'source', 'reason'].map((name) => [name, optionalText])),
    }),
  ),
});

export const isIndexDocument = (value: unknown): value is IndexDocument => isIndex(value);

export const isChannelDocument = (value: unknown): value is ChannelDocument => isChannel(value);

/** As an entry of `history`: a change, or only the name of a release that is older than the changes. */
export type ReadEntry = ReadableChange | { readonly release: string };

/** Why a release must not be used any more, as the end of a sentence; undefined where it may. */
export function withdrawal({ yanked, retired }: ReadableRelease): string | undefined {
  const [how, { reason, at }] = retired === undefined ? ['yanked', yanked ?? {}] : ['retired', retired];
  if (yanked === undefined && retired === undefined) return undefined;
  const instead = retired?.instead === undefined ? '' : `; use ${retired.instead}`;
  return `${how}${at === undefined ? '' : ` on ${at.slice(0, 10)}`}${reason === undefined ? '' : `: ${reason}`}${instead}`;
}
