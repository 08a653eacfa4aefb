import type { Finding, Kind } from '../../../lib/api/finding.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import type { Author } from '../../../lib/domain/record-changes.ts';
import type { UploadMarker } from '../../../lib/store/write/bucket-listings.ts';
import { statusOf } from '../../../lib/store/write/s3-requests.ts';
import type { PublishOptions } from '../observe-publish.ts';
import type { Head } from './check-record.ts';

/** How far an examination has come: names and keys, which stay valid while the bucket changes. */
export type Cursor =
  /** After this channel, or inside it, after this many releases of `previous`. */
  | { readonly step: 'records'; readonly after?: string; readonly inside?: { channel: string; offset: number } }
  | { readonly step: 'keys'; readonly after?: string }
  | { readonly step: 'uploads'; readonly after?: UploadMarker };

const isWellFormedText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed();

function cursorOf(value: unknown): Cursor | undefined {
  if (!Array.isArray(value)) return undefined;
  const [step, first, second] = value as unknown[];
  if (step === 'records' && isWellFormedText(first)) return { step, after: first };
  if (step === 'inside' && isWellFormedText(first) && Number.isSafeInteger(second) && (second as number) > 0)
    return { step: 'records', inside: { channel: first, offset: second as number } };
  if (step === 'keys') return isWellFormedText(first) ? { step, after: first } : { step };
  if (step === 'uploads')
    return isWellFormedText(first) && isWellFormedText(second)
      ? { step, after: { key: first, uploadId: second } }
      : { step };
  return undefined;
}

function partsOf(cursor: Cursor): readonly unknown[] {
  if (cursor.step === 'uploads') return [cursor.step, cursor.after?.key, cursor.after?.uploadId];
  if (cursor.step === 'records' && cursor.inside !== undefined)
    return ['inside', cursor.inside.channel, cursor.inside.offset];
  return [cursor.step, cursor.after];
}

export const formatCursor = (cursor: Cursor): string =>
  Buffer.from(JSON.stringify(partsOf(cursor))).toString('base64url');

export function parseCursor(text: string | undefined): Cursor {
  if (text === undefined) return { step: 'records' };
  let cursor: Cursor | undefined;
  try {
    cursor = cursorOf(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    // Not JSON: refused like any other text that is not a cursor.
  }
  if (cursor === undefined) throw new InvalidInput('after', 'after must be the "next" of the page before.');
  return cursor;
}

export type DoctorOptions = Pick<PublishOptions, 'bucket' | 'guards' | 'now' | 'sleep' | 'log'>;

/** The findings about one channel or key, and how to mend them. */
export interface Examined {
  /** A channel or a key. */
  readonly subject: string;
  readonly findings: readonly Finding[];
  /** Returns what it mended. A repeat of the same operation returns the same, where the history has it. */
  readonly mend?: (author: Author) => Promise<readonly Kind[]>;
}

/** Findings that are not mended. */
export const examinedOf = (findings: readonly Finding[]): readonly Examined[] =>
  findings.map((one) => ({ subject: one.subject, findings: [one] }));

export interface Examination {
  readonly examined: readonly Examined[];
  /** Where the next request begins; absent at the end. */
  readonly next?: Cursor;
}

/** `refused` is an object that S3 does not describe, because it is encrypted with a key that is not available to us. */
export async function headOf({ bucket }: Pick<DoctorOptions, 'bucket'>, key: string): Promise<Head> {
  try {
    return await bucket.head(key);
  } catch (error) {
    const status = statusOf((error as { cause?: unknown }).cause);
    if (status === 400 || status === 403) return 'refused';
    throw error;
  }
}
