import * as z from 'zod/mini';
import { InvalidInput } from '../domain/problem.ts';
import { declaredFacts, maxFileBytes, planParts, type ReleaseFacts } from '../domain/release.ts';

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
export const bodyParser =
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
export const operation = z.string().check(z.regex(idPattern, '8 to 64 letters, digits and "-"'));

export const isUploadId = (text: string): boolean => idPattern.test(text);

/** `dryRun` always means: decide and answer, but write nothing. */
export const flag = z.optional(z.boolean());

export const reason = z
  .string()
  .check(
    z.minLength(1, 'at least one character'),
    z.maxLength(500, 'at most 500 characters'),
    z.regex(/^\P{Cc}*$/u, 'one line'),
  );

const count = z.int('a whole number').check(z.nonnegative('not negative'));

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

export const parsePromotion = bodyParser(
  z.strictObject({ operation, release: z.optional(z.string()), force: flag, dryRun: flag }),
);
export type Promotion = ReturnType<typeof parsePromotion>;
