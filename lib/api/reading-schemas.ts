import * as z from 'zod';
import type { ChannelDocument, FlakeRegistry, IndexDocument, ReadableChange, ReadableRelease } from './reading.ts';

// The documents for programs as schemas. docs/schemas is made from them; serving checks nothing and does not load zod.

const optional = <Schema extends z.ZodType>(schema: Schema, description: string) =>
  z.exactOptional(schema.describe(description));
const time = z.string().describe('ISO 8601');
const url = z.string();

const release = z
  .object({
    release: z.string().describe('The name of the release.'),
    url: optional(url, 'The permanent URL. Absent where the release is yanked or retired.'),
    publishedAt: optional(z.string(), 'When the channel first pointed to it (ISO 8601), if the record still has that.'),
    rev: optional(z.string().regex(/^[0-9a-f]{40}$/), 'The commit.'),
    revUrl: optional(url, 'Where the rev can be seen in a browser.'),
    revCount: optional(z.int().nonnegative(), 'The number of commits up to the rev.'),
    lastModified: optional(z.int().nonnegative(), 'Seconds since 1970.'),
    narHash: optional(z.string().regex(/^sha256-[A-Za-z0-9+/]{43}=$/), 'Of the unpacked tree (SRI).'),
    sha256: optional(z.string().regex(/^[0-9a-f]{64}$/), 'Of the file.'),
    size: optional(z.int().nonnegative(), 'Bytes of the file.'),
    yanked: optional(
      z.object({ reason: optional(z.string(), 'Why.'), at: optional(z.string(), 'When (ISO 8601).') }),
      'Present where the release is yanked: the channel never points to it again.',
    ),
    retired: optional(
      z.object({
        reason: z.string().describe('Why.'),
        at: time,
        until: z.string().describe('Until then it can be taken back (ISO 8601).'),
        instead: optional(z.string(), 'What to use in its place.'),
      }),
      'Present where nobody can read the release any more.',
    ),
  })
  .meta({ id: 'release' }) satisfies z.ZodType<ReadableRelease>;

const channel = z.object({
  channel: z.string().describe('The name of the channel.'),
  state: z
    .enum(['served', 'empty', 'removed', 'unreadable'])
    .describe('empty: no release at present. unreadable: the record is missing or damaged.'),
  url: optional(url, 'The URL that always leads to the latest release. Absent where the channel was removed.'),
  homepage: optional(url, 'A page about what the channel has.'),
  description: optional(z.string(), 'What the channel has.'),
  aliases: optional(z.array(z.string()), 'Other names of the channel.'),
  latest: z.nullable(release).describe('Null where there is none.'),
}) satisfies z.ZodType<IndexDocument['channels'][number]>;

const change = z
  .object({
    action: z
      .string()
      .describe('publish, promote, rollback, yank, unyank, retire, unretire or takedown. There may be more.'),
    at: time,
    release: optional(z.string(), 'The release that became the latest, or that was yanked, retired or taken down.'),
    count: optional(z.int().nonnegative(), 'Of a retirement of several releases: how many.'),
    from: optional(z.string(), 'The latest release before.'),
    to: optional(z.string(), 'Of a yank or a takedown: the latest release after it.'),
    source: optional(z.string(), 'Of a promotion: the channel that the release comes from.'),
    reason: optional(z.string(), 'Why.'),
  })
  .meta({ id: 'change' }) satisfies z.ZodType<ReadableChange>;

const next = 'The value of ?after= for the next page. Absent on the last page.';

const index = z
  .object({
    access: z.enum(['open', 'token', 'public']).describe('Whom the list is made for.'),
    channels: z.array(channel).describe('By name.'),
    next: optional(z.string(), next),
  })
  .describe('GET /index.json: the channels that the reader may read.') satisfies z.ZodType<IndexDocument>;

const channelDocument = channel
  .extend({
    extension: z.string().describe('Of the files, such as .tar.xz.'),
    snippets: optional(
      z.array(z.object({ use: z.string().describe('Such as flake input.'), text: z.string() })),
      'On the first page only: lines to use the latest release.',
    ),
    releases: z.array(release).describe('Newest first: the latest one, then the earlier ones.'),
    history: z.array(change).describe('Newest first, on the first page only.'),
    next: optional(z.string(), next),
  })
  .describe('GET /channel/{channel}.json: a channel and its releases.') satisfies z.ZodType<ChannelDocument>;

const registry = z
  .object({
    version: z.literal(2),
    flakes: z.array(
      z.object({
        from: z.object({
          type: z.literal('indirect'),
          id: z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/),
          ref: optional(z.string(), 'The rest of a channel name that is no id.'),
        }),
        to: z.object({ type: z.literal('tarball'), url }),
        exact: z.literal(true),
      }),
    ),
  })
  .describe('GET /flake-registry.json: the channels that are flakes.') satisfies z.ZodType<FlakeRegistry>;

/** By the name of the file in docs/schemas. */
export const readingSchemas = { index, channel: channelDocument, 'flake-registry': registry } as const;

/** JSON Schema 2020-12. Fields that it does not name are allowed: later versions may have more. */
export const jsonSchemaOf = (name: keyof typeof readingSchemas): object =>
  z.toJSONSchema(readingSchemas[name], { target: 'draft-2020-12', io: 'input' });
