import * as z from 'zod/mini';
import { assertAbout, maxAliases } from '../domain/about.ts';
import { visibilities } from '../domain/catalog.ts';
import { type Denial, denialKinds } from '../domain/deny-list.ts';
import { assertMaxAge } from '../domain/names.ts';
import { InvalidInput } from '../domain/problem.ts';
import { declaredFacts, maxFileBytes, planParts, type ReleaseFacts } from '../domain/release.ts';
import { maxRetiredReleases } from '../domain/retirement.ts';

const maxBodyBytes = 1_000_000;

function readJson(body: string | undefined): unknown {
  if (body === undefined || body === '') throw new InvalidInput('body', 'The request has no body: send JSON.');
  if (Buffer.byteLength(body) > maxBodyBytes) throw new InvalidInput('body', `The body is over ${maxBodyBytes} bytes.`);
  try {
    return JSON.parse(body);
  } catch {
    // Without the parser's own message, which quotes the body.
    throw new InvalidInput('body', 'The body is not JSON.');
  }
}

/** Throws InvalidInput with the first field that is wrong. */
const bodyParser =
  <Schema extends z.ZodMiniType>(schema: Schema) =>
  (body: string | undefined): z.infer<Schema> => {
    const parsed = schema.safeParse(readJson(body));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    if (issue?.code === 'unrecognized_keys') {
      const field = issue.keys[0] ?? 'body';
      throw new InvalidInput(field, `There is no field ${JSON.stringify(field)} in this request.`);
    }
    const field = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.');
    // zod's own message: longer where the whole of zod is loaded beside zod/mini.
    const isUnnamed = issue?.code === 'invalid_type' && issue.message.startsWith('Invalid input');
    throw new InvalidInput(field, `${field} is invalid: expected ${isUnnamed ? issue.expected : issue?.message}.`);
  };

/** The command makes one operation ID for each run. It also names the upload that the operation opens. */
const idPattern = /^[A-Za-z0-9-]{8,64}$/;
const operation = z.string().check(z.regex(idPattern, '8 to 64 letters, digits and "-"'));

export const isUploadId = (text: string): boolean => idPattern.test(text);

/** `dryRun` always means: decide and answer, but write nothing. */
const flag = z.optional(z.boolean());

const visibility = z.optional(z.enum(visibilities, '"public" or "private"'));

const reason = z
  .string()
  .check(
    z.minLength(1, 'at least one character'),
    z.maxLength(500, 'at most 500 characters'),
    z.regex(/^\P{Cc}*$/u, 'one line'),
  );

const count = z.int('a whole number').check(z.nonnegative('not negative'));

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

const parseDeclared = bodyParser(
  z.strictObject({
    operation,
    release: z.string(),
    /** The extension of the file, to be refused where the channel has another. */
    fileExtension: z.optional(z.string()),
    size: z
      .int('a whole number')
      .check(z.positive('at least 1: a release is not empty'), z.maximum(maxFileBytes, 'at most 5 TiB')),
    sha256: z.string(),
    partSha256s: z.array(z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, 'a SHA-256 in base64'))),
    /** Required where the bucket's store verifies parts by MD5. */
    partMd5s: z.optional(z.array(z.string().check(z.regex(/^[A-Za-z0-9+/]{22}==$/, 'an MD5 in base64')))),
    /** Required where the bucket has an object of this name without a SHA-256. */
    md5: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits'))),
    /** Whether the file was made from a directory: then the same tree may be compressed to other bytes. */
    packed: flag,
    narHash: z.optional(z.string()),
    rev: z.optional(z.string()),
    revCount: z.optional(count),
    lastModified: z.optional(count),
    archive: z.optional(
      z.strictObject({
        flake: z.boolean(),
        topLevelEntries: z.int('a whole number').check(z.positive('at least 1: an archive is not empty')),
      }),
    ),
    force: flag,
    dryRun: flag,
  }),
);

/** What a publisher says about a file before it is sent. */
export type Declaration = Omit<
  ReturnType<typeof parseDeclared>,
  Exclude<keyof ReleaseFacts, 'sha256'> | 'packed' | 'force' | 'dryRun'
> & {
  readonly facts: ReleaseFacts;
  readonly packed: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
};

export function parseDeclaration(body: string | undefined): Declaration {
  const {
    rev,
    revCount,
    lastModified,
    narHash,
    packed = false,
    force = false,
    dryRun = false,
    ...declared
  } = parseDeclared(body);
  const { size, sha256, partSha256s, partMd5s = partSha256s } = declared;
  const { count: parts } = planParts(size);
  for (const [field, { length }] of Object.entries({ partSha256s, partMd5s }))
    if (length !== parts)
      throw new InvalidInput(field, `A file of ${size} bytes has ${parts} parts, but ${length} are declared.`);
  const facts = declaredFacts({ rev, revCount, lastModified, narHash, sha256 });
  return { ...declared, sha256: sha256.toLowerCase(), facts, packed, force, dryRun };
}

export const parsePublication = bodyParser(z.strictObject({ operation, upload: operation, force: flag }));
export type Publication = ReturnType<typeof parsePublication>;

export const parseRollback = bodyParser(z.strictObject({ operation, from: z.string(), to: z.string(), dryRun: flag }));
export type Rollback = ReturnType<typeof parseRollback>;

/** With a reason it yanks, without one it undoes the yank. */
export const parseYank = bodyParser(
  z.strictObject({ operation, release: z.string(), reason: z.optional(reason), dryRun: flag }),
);
export type YankRequest = ReturnType<typeof parseYank>;

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

export const parsePromotion = bodyParser(
  z.strictObject({ operation, release: z.optional(z.string()), force: flag, dryRun: flag }),
);
export type Promotion = ReturnType<typeof parsePromotion>;

/** For a removal, and for a restoration. */
export const parseRemoval = bodyParser(z.strictObject({ operation, dryRun: flag }));
export type Removal = ReturnType<typeof parseRemoval>;

export const parseDoctorRequest = bodyParser(
  z.strictObject({ operation, after: z.optional(z.string()), dryRun: flag }),
);
export type DoctorRequest = ReturnType<typeof parseDoctorRequest>;

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
