import * as z from 'zod/mini';
import { visibilities } from '../domain/catalog.ts';
import { type Denial, denialKinds } from '../domain/deny-list.ts';
import { assertMaxAge } from '../domain/names.ts';
import { InvalidInput } from '../domain/problem.ts';
import { type ArchiveFacts, declaredFacts, type ReleaseFacts } from '../domain/release.ts';
import { maxFileBytes, planParts } from '../domain/store.ts';

const largestBody = 1_000_000;

function readJson(body: string | undefined): unknown {
  if (body === undefined || body === '') throw new InvalidInput('body', 'The request has no body: send JSON.');
  if (Buffer.byteLength(body) > largestBody) throw new InvalidInput('body', `The body is over ${largestBody} bytes.`);
  try {
    return JSON.parse(body);
  } catch {
    // Without the parser's own message: it quotes what was sent.
    throw new InvalidInput('body', 'The body is not JSON.');
  }
}

/** The body of a request as its schema has it; throws InvalidInput that names the first field that is wrong. */
function parseBody<Schema extends z.ZodMiniType>(schema: Schema, body: string | undefined): z.infer<Schema> {
  const parsed = schema.safeParse(readJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? 'body';
    throw new InvalidInput(field, `There is no field ${JSON.stringify(field)} here.`);
  }
  const field = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.');
  throw new InvalidInput(field, `${field} is not as it must be: ${issue?.message ?? 'invalid'}.`);
}

/** An operation's id is made once per run by the command, and names the upload that it opens. */
const idPattern = /^[A-Za-z0-9-]{8,64}$/;
const operation = z.string().check(z.regex(idPattern, '8 to 64 letters, digits and "-"'));

export const isUploadId = (text: string): boolean => idPattern.test(text);

/** `dryRun`, everywhere: decide and answer, but write nothing. */
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

/** `dryRun`, everywhere: decide and answer, but write nothing. */
const addition = z.strictObject({
  operation,
  channel: z.string(),
  fileExtension: z.optional(z.string()),
  visibility,
  dryRun: flag,
});

const declaration = z.strictObject({
  operation,
  release: z.string(),
  /** What the file's name ends in, so that it can be told where the channel's is another. */
  fileExtension: z.optional(z.string()),
  size: z
    .int('a whole number')
    .check(z.positive('at least 1: an empty file is no release'), z.maximum(maxFileBytes, '5 TiB at most')),
  sha256: z.string(),
  partSha256s: z.array(z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, 'a SHA-256 in base64'))),
  /** Asked for where the bucket's store checks parts by it. */
  partMd5s: z.optional(z.array(z.string().check(z.regex(/^[A-Za-z0-9+/]{22}==$/, 'an MD5 in base64')))),
  /** Asked for where the bucket has an object of this name that tells no SHA-256. */
  md5: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits'))),
  /** Whether the file was made from a directory: then the same tree may have other compressed bytes. */
  packed: flag,
  narHash: z.optional(z.string()),
  rev: z.optional(z.string()),
  revCount: z.optional(count),
  lastModified: z.optional(count),
  archive: z.optional(
    z.strictObject({
      flake: z.boolean(),
      topLevelEntries: z.int('a whole number').check(z.positive('at least 1: an empty archive is no release')),
    }),
  ),
  force: flag,
  dryRun: flag,
});

const publication = z.strictObject({ operation, upload: operation, force: flag });

const rollback = z.strictObject({ operation, from: z.string(), to: z.string(), dryRun: flag });

/** With a reason it yanks, without one it takes the yank back. */
const yank = z.strictObject({ operation, release: z.string(), reason: z.optional(reason), dryRun: flag });

const promotion = z.strictObject({ operation, release: z.optional(z.string()), force: flag, dryRun: flag });

/** Of a removal, and of taking it back. */
const removal = z.strictObject({ operation, dryRun: flag });

const doctor = z.strictObject({ operation, after: z.optional(z.string()), dryRun: flag });

export type Addition = z.infer<typeof addition>;
export type Publication = z.infer<typeof publication>;
export type Rollback = z.infer<typeof rollback>;
export type YankRequest = z.infer<typeof yank>;
export type Promotion = z.infer<typeof promotion>;
export type Removal = z.infer<typeof removal>;
export type DoctorRequest = z.infer<typeof doctor>;

/** What a publisher says of a file before it is sent. */
export interface Declaration {
  readonly operation: string;
  readonly release: string;
  readonly fileExtension: string | undefined;
  readonly size: number;
  readonly sha256: string;
  readonly partSha256s: readonly string[];
  readonly partMd5s: readonly string[] | undefined;
  readonly md5: string | undefined;
  readonly facts: ReleaseFacts;
  /** Of an archive that was looked into. */
  readonly archive: ArchiveFacts | undefined;
  readonly packed: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
}

export const parseAddition = (body: string | undefined): Addition => parseBody(addition, body);

export const parsePublication = (body: string | undefined): Publication => parseBody(publication, body);

export const parseRollback = (body: string | undefined): Rollback => parseBody(rollback, body);

export const parseYank = (body: string | undefined): YankRequest => parseBody(yank, body);

export const parsePromotion = (body: string | undefined): Promotion => parseBody(promotion, body);

export const parseRemoval = (body: string | undefined): Removal => parseBody(removal, body);

export const parseDoctorRequest = (body: string | undefined): DoctorRequest => parseBody(doctor, body);

export function parseDeclaration(body: string | undefined): Declaration {
  const {
    operation,
    release,
    fileExtension,
    size,
    sha256,
    partSha256s,
    partMd5s,
    md5,
    archive,
    packed,
    force,
    dryRun,
    ...rest
  } = parseBody(declaration, body);
  const { count } = planParts(size);
  for (const [field, { length }] of Object.entries({ partSha256s, partMd5s: partMd5s ?? partSha256s }))
    if (length !== count)
      throw new InvalidInput(field, `A file of ${size} bytes has ${count} parts, but ${length} are declared.`);
  const facts = declaredFacts({ ...rest, sha256 });
  return {
    operation,
    release,
    fileExtension,
    size,
    sha256: sha256.toLowerCase(),
    partSha256s,
    partMd5s,
    md5,
    facts,
    archive,
    packed: packed ?? false,
    force: force ?? false,
    dryRun: dryRun ?? false,
  };
}

const settings = z.strictObject({
  operation,
  visibility,
  /** Seconds; null takes it away. */
  maxAge: z.optional(z.nullable(z.int('a whole number of seconds, or null'))),
  dryRun: flag,
});

export type SettingsRequest = z.infer<typeof settings>;

export function parseSettings(body: string | undefined): SettingsRequest {
  const parsed = parseBody(settings, body);
  if (parsed.visibility === undefined && parsed.maxAge === undefined)
    throw new InvalidInput('body', 'There is nothing to set: give visibility or maxAge.');
  if (typeof parsed.maxAge === 'number') assertMaxAge(parsed.maxAge);
  return parsed;
}

const text = z.optional(z.string());
const seconds = z.optional(z.int('a whole number of seconds since 1970').check(z.nonnegative('not negative')));

const revocation = z.strictObject({
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
});

/** An entry to be made, or without an end one to be taken back. */
export interface RevocationRequest extends Pick<Denial, 'kind' | 'value' | 'reason'> {
  readonly operation: string;
  readonly until: number | undefined;
  readonly dryRun: boolean;
}

export function parseRevocation(body: string | undefined): RevocationRequest {
  const parsed = parseBody(revocation, body);
  const { operation: id, until, reason: why, undo = false, dryRun = false } = parsed;
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
      'What takes an entry back has neither end nor reason.',
    );
  if (!undo && until === undefined)
    throw new InvalidInput(
      'until',
      'until is missing: say when the last such token expires, or the list grows for ever.',
    );
  return { operation: id, ...one, until, dryRun, ...(why === undefined ? {} : { reason: why }) };
}
