import * as z from 'zod/mini';
import { assertAbout, maxAliases } from '../domain/about.ts';
import { visibilities } from '../domain/catalog.ts';
import { type Denial, denialKinds } from '../domain/deny-list.ts';
import { assertMaxAge } from '../domain/names.ts';
import { InvalidInput } from '../domain/problem.ts';
import { maxRetiredReleases } from '../domain/retirement.ts';
import { bodyParser, flag, operation, reason } from './requests.ts';

// The requests outside of `/publish/channels` and `/publish/promotions`: what the publisher of one channel is not allowed.

const visibility = z.optional(z.enum(visibilities, '"public" or "private"'));

export const parseAddition = bodyParser(
  z.strictObject({
    operation,
    channel: z.string(),
    fileExtension: z.optional(z.string()),
    visibility,
    dryRun: flag,
  }),
);
export type Addition = ReturnType<typeof parseAddition>;

/** For a removal, and for a restoration. */
export const parseRemoval = bodyParser(z.strictObject({ operation, dryRun: flag }));
export type Removal = ReturnType<typeof parseRemoval>;

/** Seldom wanted, and easily a slip. */
const maxKeptReleases = 10_000;
const maxKeptDays = 36_500;

const retention = z.strictObject({
  keep: z
    .int('a whole number')
    .check(z.minimum(1, 'at least 1'), z.maximum(maxKeptReleases, `at most ${maxKeptReleases}`)),
  days: z.int('a whole number').check(z.minimum(1, 'at least 1'), z.maximum(maxKeptDays, `at most ${maxKeptDays}`)),
});

const parseSettingsBody = bodyParser(
  z.strictObject({
    operation,
    /** The policy by which releases are retired; null removes it. */
    retain: z.optional(z.nullable(retention)),
    visibility,
    /** Seconds; null removes the limit. */
    maxAge: z.optional(z.nullable(z.int('a whole number of seconds, or null'))),
    /** Null removes it. */
    homepage: z.optional(z.nullable(z.string())),
    description: z.optional(z.nullable(z.string())),
    /** All of them. */
    aliases: z.optional(z.array(z.string()).check(z.maxLength(maxAliases, `at most ${maxAliases}`))),
    dryRun: flag,
  }),
);
export type SettingsRequest = ReturnType<typeof parseSettingsBody>;

export function parseSettings(body: string | undefined): SettingsRequest {
  const parsed = parseSettingsBody(body);
  const { operation: _, dryRun: __, ...settings } = parsed;
  if (Object.values(settings).every((value) => value === undefined))
    throw new InvalidInput(
      'body',
      'There is nothing to set: give visibility, maxAge, retain, homepage, description or aliases.',
    );
  if (typeof parsed.maxAge === 'number') assertMaxAge(parsed.maxAge);
  assertAbout(parsed);
  const { homepage, aliases } = parsed;
  return {
    ...parsed,
    ...(typeof homepage === 'string' ? { homepage: new URL(homepage).href } : {}),
    ...(aliases === undefined ? {} : { aliases: [...new Set(aliases)] }),
  };
}

const parseRetirementBody = bodyParser(
  z.strictObject({
    operation,
    releases: z.optional(
      z
        .array(z.string())
        .check(
          z.minLength(1, 'at least one release'),
          z.maxLength(maxRetiredReleases, `at most ${maxRetiredReleases} releases`),
        ),
    ),
    olderThanSeconds: z.optional(z.int('a whole number of seconds').check(z.positive('at least 1'))),
    keep: z.optional(z.int('a whole number').check(z.positive('at least 1'))),
    reason: z.optional(reason),
    /** The release that readers are told to use. */
    instead: z.optional(z.string()),
    /** Give the releases up in this channel only, where other channels have them too. */
    shared: flag,
    dryRun: flag,
  }),
);
export type RetirementRequest = ReturnType<typeof parseRetirementBody>;

/** With a reason it retires, without one it undoes that. The releases are named, or selected by age and number. */
export function parseRetirement(body: string | undefined): RetirementRequest {
  const parsed = parseRetirementBody(body);
  const { releases, olderThanSeconds, keep, reason: why, instead, shared } = parsed;
  const isSelection = olderThanSeconds !== undefined || keep !== undefined;
  if (isSelection === (releases !== undefined))
    throw new InvalidInput('releases', 'Give either releases, or olderThanSeconds and keep.');
  if (why === undefined && (isSelection || instead !== undefined || shared !== undefined))
    throw new InvalidInput('reason', 'reason is missing. Only releases that are named can be taken back without one.');
  return parsed;
}

/** With a reason it pins, without one it unpins. */
export const parsePin = bodyParser(
  z.strictObject({ operation, release: z.string(), reason: z.optional(reason), dryRun: flag }),
);
export type PinRequest = ReturnType<typeof parsePin>;

export const parseTakedown = bodyParser(
  z.strictObject({ operation, release: z.string(), reason, instead: z.optional(z.string()), dryRun: flag }),
);
export type TakedownRequest = ReturnType<typeof parseTakedown>;

const text = z.optional(z.string());
const seconds = z.optional(z.int('a whole number of seconds since 1970').check(z.nonnegative('not negative')));

const parseRevocationBody = bodyParser(
  z.strictObject({
    operation,
    jti: text,
    sub: text,
    kid: text,
    sha256: text,
    issuedBefore: seconds,
    until: seconds,
    reason: z.optional(reason),
    undo: flag,
    dryRun: flag,
  }),
);

/** An entry to add, or, without an end, one to remove. */
export interface RevocationRequest extends Pick<Denial, 'kind' | 'value' | 'reason'> {
  readonly operation: string;
  readonly until: number | undefined;
  readonly dryRun: boolean;
}

export function parseRevocation(body: string | undefined): RevocationRequest {
  const parsed = parseRevocationBody(body);
  const { operation: operationId, until, reason: why, undo = false, dryRun = false } = parsed;
  const given = denialKinds.flatMap((kind) => {
    const value = parsed[kind];
    return value === undefined ? [] : [{ kind, value }];
  });
  const [one] = given;
  if (one === undefined || given.length > 1)
    throw new InvalidInput('body', `Give exactly one of ${denialKinds.join(', ')}.`);
  if (undo && (until !== undefined || why !== undefined))
    throw new InvalidInput(
      until === undefined ? 'reason' : 'until',
      'A request that removes an entry has neither an end nor a reason.',
    );
  if (!undo && until === undefined)
    throw new InvalidInput(
      'until',
      'until is missing: give the time when the last such token expires, or the list grows for ever.',
    );
  return { operation: operationId, ...one, until, dryRun, ...(why === undefined ? {} : { reason: why }) };
}

export const parseDoctorRequest = bodyParser(
  z.strictObject({ operation, after: z.optional(z.string()), dryRun: flag }),
);
export type DoctorRequest = ReturnType<typeof parseDoctorRequest>;
