import { Unavailable } from '../../domain/problem.ts';

export interface StoredObject {
  readonly etag: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentEncoding?: string;
  /** Milliseconds since 1970. */
  readonly changedAt?: number;
}

/** A place in the list of uploads. */
export interface UploadPlace {
  readonly key: string;
  readonly uploadId: string;
}

export interface OpenMultipartUpload extends UploadPlace {
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  /** Base64; absent where the store does not list it. */
  readonly sha256: string | undefined;
}

interface PartToJoin {
  readonly partNumber: number;
  readonly etag: string;
  /** Base64; undefined where parts are checked by their MD5, which is the entity tag. */
  readonly sha256: string | undefined;
}

/** Something that is only written over exactly what was read, or only where nothing is. */
type Condition = { readonly ifMatch: string } | 'if-absent';

/** `taken`: another object has the key; `conflict`: another write was under way; `gone`: there is no such upload. */
type Completion = 'completed' | 'taken' | 'conflict' | 'gone';

/** The bucket as the publish function sees it. Nothing is written without a condition, and nothing is deleted. */
export interface BucketWriter {
  readText(key: string): Promise<{ readonly text: string; readonly etag: string } | undefined>;
  writeText(key: string, text: string, condition: Condition): Promise<'written' | 'changed'>;
  head(key: string): Promise<StoredObject | undefined>;
  openUpload(key: string, metadata: Readonly<Record<string, string>>): Promise<string>;
  /** Undefined when there is no such upload. */
  listParts(key: string, uploadId: string): Promise<readonly StoredPart[] | undefined>;
  completeUpload(key: string, uploadId: string, parts: readonly PartToJoin[], size: number): Promise<Completion>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  /** In the order of their UTF-8 bytes, from the one behind `after` on; `more` when these are not all. */
  listKeys(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly keys: readonly string[]; readonly more: boolean }>;
  listUploads(
    after: UploadPlace | undefined,
    limit: number,
  ): Promise<{ readonly uploads: readonly OpenMultipartUpload[]; readonly next?: UploadPlace }>;
}

/** The HTTP status of an error that the S3 client threw, where an answer came at all. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** A 404 that says nothing about the key. */
export const isBucketMissing = (error: unknown): boolean =>
  (error as { name?: unknown } | null)?.name === 'NoSuchBucket';

export const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The bucket does not answer as it should. Nothing is half done: run the same command again.', cause);

/** A field of S3's answer that it always has. */
export const given = <Value>(value: Value | undefined, name: string): Value => {
  if (value === undefined) throw unavailable(new Error(`S3's answer has no ${name}`));
  return value;
};

/** Runs a call; a status that `expected` names is its answer, any other failure is `Unavailable`. */
export async function outcome<Value, Expected extends string | undefined = never>(
  call: Promise<Value>,
  expected: Readonly<Record<number, Expected>>,
): Promise<Value | Expected> {
  try {
    return await call;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status in expected && !isBucketMissing(error)) return expected[status] as Expected;
    throw unavailable(error);
  }
}
