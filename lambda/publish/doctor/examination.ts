import type { Finding, Kind } from '../../../lib/api/finding.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import type { Author } from '../../../lib/domain/record-changes.ts';
import type { UploadMarker } from '../../../lib/store/write/bucket-writer.ts';
import { statusOf } from '../../../lib/store/write/s3-requests.ts';
import type { PublishOptions } from '../publish-options.ts';
import type { Head } from './check-record.ts';

/** How far an examination has come. Names and keys, not positions, so that it stays true while the bucket changes. */
export type Cursor =
  /** Behind this channel, or in it, behind so many releases of `previous`. */
  | { readonly step: 'records'; readonly after?: string; readonly inside?: { channel: string; place: number } }
  | { readonly step: 'keys'; readonly after?: string }
  | { readonly step: 'uploads'; readonly after?: UploadMarker };

const isText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed();

function cursorOf(value: unknown): Cursor | undefined {
  if (!Array.isArray(value)) return undefined;
  const [step, first, second] = value as unknown[];
  if (step === 'records' && isText(first)) return { step, after: first };
  if (step === 'inside' && isText(first) && Number.isSafeInteger(second) && (second as number) > 0)
    return { step: 'records', inside: { channel: first, place: second as number } };
  if (step === 'keys') return isText(first) ? { step, after: first } : { step };
  if (step === 'uploads')
    return isText(first) && isText(second) ? { step, after: { key: first, uploadId: second } } : { step };
  return undefined;
}

function partsOf(cursor: Cursor): readonly unknown[] {
  if (cursor.step === 'uploads') return [cursor.step, cursor.after?.key, cursor.after?.uploadId];
  if (cursor.step === 'records' && cursor.inside !== undefined)
    return ['inside', cursor.inside.channel, cursor.inside.place];
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
    // Not JSON: answered as any other text that was not given out here.
  }
  if (cursor === undefined) throw new InvalidInput('after', 'after must be what the page before gave as "next".');
  return cursor;
}

export type DoctorOptions = Pick<PublishOptions, 'bucket' | 'guards' | 'now' | 'sleep' | 'log'>;

/** What was found of one thing, and what mends what of it can be mended. */
export interface Examined {
  /** A channel or a key. */
  readonly subject: string;
  readonly findings: readonly Finding[];
  /** Gives what it mended; repeated by the same operation, it gives that again where the bucket remembers it. */
  readonly mend?: (author: Author) => Promise<readonly Kind[]>;
}

/** What one request looked at, and where the next one begins; absent when that was all. */
export interface Examination {
  readonly examined: readonly Examined[];
  readonly next?: Cursor;
}

/** An object that S3 knows and says nothing of, for it is encrypted with a key that is not ours to use, is `refused`. */
export async function headOf({ bucket }: Pick<DoctorOptions, 'bucket'>, key: string): Promise<Head> {
  try {
    return await bucket.head(key);
  } catch (error) {
    const status = statusOf((error as { cause?: unknown }).cause);
    if (status === 400 || status === 403) return 'refused';
    throw error;
  }
}
