import * as z from 'zod/mini';
import { largestFile, planParts } from '../../lib/domain/part-plan.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import { type ArchiveFacts, declaredFacts, type ReleaseFacts } from '../../lib/domain/release-facts.ts';
import { parseBody } from './parse-body.ts';
import { flag, operation, reason, visibility } from './request-fields.ts';

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
    .check(z.positive('at least 1: an empty file is no release'), z.maximum(largestFile, '5 TiB at most')),
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
