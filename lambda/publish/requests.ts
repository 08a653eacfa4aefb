import * as z from 'zod/mini';
import { largestFile, planParts } from '../../lib/domain/part-plan.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import type { ReleaseFacts } from '../../lib/domain/release-facts.ts';
import { declaredFacts } from '../../lib/domain/release-facts.ts';

const largestBody = 1_000_000;

/** An operation's id is made once per run by the command, and names the upload that it opens. */
const idPattern = /^[A-Za-z0-9-]{8,64}$/;
const operation = z.string().check(z.regex(idPattern, '8 to 64 letters, digits and "-"'));

export const isUploadId = (text: string): boolean => idPattern.test(text);

const count = z.int('a whole number').check(z.nonnegative('not negative'));

const flag = z.optional(z.boolean());

/** `dryRun`, everywhere: decide and answer, but write nothing. */
const addition = z.strictObject({
  operation,
  channel: z.string(),
  fileExtension: z.optional(z.string()),
  dryRun: flag,
});

const declaration = z.strictObject({
  operation,
  release: z.string(),
  /** What the file's name ends in, so that it can be told where the channel's is another. */
  fileExtension: z.optional(z.string()),
  size: z
    .int('a whole number')
    .check(z.positive('at least 1: an empty file is no release'), z.maximum(largestFile, '5 TiB at most')),
  sha256: z.string(),
  partSha256s: z.array(z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, 'a SHA-256 in base64'))),
  /** Asked for where the bucket has an object of this name that tells no SHA-256. */
  md5: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits'))),
  /** Whether the file was made from a directory: then the same tree may have other compressed bytes. */
  packed: flag,
  narHash: z.optional(z.string()),
  rev: z.optional(z.string()),
  revCount: z.optional(count),
  lastModified: z.optional(count),
  force: flag,
  dryRun: flag,
});

const publication = z.strictObject({ operation, upload: operation, force: flag });

const rollback = z.strictObject({ operation, from: z.string(), to: z.string(), dryRun: flag });

const reason = z
  .string()
  .check(
    z.minLength(1, 'at least one character'),
    z.maxLength(500, 'at most 500 characters'),
    z.regex(/^\P{Cc}*$/u, 'one line'),
  );
/** With a reason it yanks, without one it takes the yank back. */
const yank = z.strictObject({ operation, release: z.string(), reason: z.optional(reason), dryRun: flag });

const promotion = z.strictObject({ operation, release: z.optional(z.string()), force: flag, dryRun: flag });

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
  readonly md5: string | undefined;
  readonly facts: ReleaseFacts;
  readonly packed: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
}

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

function parse<Schema extends z.ZodMiniType>(schema: Schema, body: string | undefined): z.infer<Schema> {
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

export const parseAddition = (body: string | undefined): Addition => parse(addition, body);

export const parsePublication = (body: string | undefined): Publication => parse(publication, body);

export const parseRollback = (body: string | undefined): Rollback => parse(rollback, body);

export const parseYank = (body: string | undefined): YankRequest => parse(yank, body);

export const parsePromotion = (body: string | undefined): Promotion => parse(promotion, body);

export const parseRemoval = (body: string | undefined): Removal => parse(removal, body);

export const parseDoctorRequest = (body: string | undefined): DoctorRequest => parse(doctor, body);

export function parseDeclaration(body: string | undefined): Declaration {
  const { operation, release, fileExtension, size, sha256, partSha256s, md5, packed, force, dryRun, ...rest } = parse(
    declaration,
    body,
  );
  const { count } = planParts(size);
  if (partSha256s.length !== count)
    throw new InvalidInput(
      'partSha256s',
      `A file of ${size} bytes has ${count} parts, but ${partSha256s.length} are declared.`,
    );
  const facts = declaredFacts({ ...rest, sha256 });
  return {
    operation,
    release,
    fileExtension,
    size,
    sha256: sha256.toLowerCase(),
    partSha256s,
    md5,
    facts,
    packed: packed ?? false,
    force: force ?? false,
    dryRun: dryRun ?? false,
  };
}
