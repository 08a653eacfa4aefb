import { type DenialEntry, denialEntry, denyListKey, withoutExpired } from '../../lib/domain/deny-list.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import { denyListOf } from './deny-list-of.ts';
import type { PublishOptions } from './publish-options.ts';

/** An answer of a function is at most 6 MB, and an entry may have 10 KB. */
const pageLength = 500;

export interface RevocationList {
  /** Those in force, newest first. */
  readonly revocations: readonly DenialEntry[];
  /** Ask again after this for the rest; absent on the last page. */
  readonly next?: string;
}

function placeOf(after: string): number {
  if (!/^\d{1,6}$/.test(after))
    throw new InvalidInput('after', 'There is no such place in the list: begin again without "after".');
  return Number(after);
}

/**
 * The deny list in pages. A cursor is how many entries are older than the last one given: new ones do not shift it, and where
 * older ones went away an entry comes twice rather than never.
 */
export async function listRevocations(
  { bucket, now }: Pick<PublishOptions, 'bucket' | 'now'>,
  after: string | undefined,
): Promise<RevocationList> {
  const older = after === undefined ? undefined : placeOf(after);
  const list = denyListOf((await bucket.readText(denyListKey))?.text);
  const { denials } = withoutExpired(list, now() / 1_000);
  const end = Math.min(older ?? denials.length, denials.length);
  const begin = Math.max(0, end - pageLength);
  const revocations = denials.slice(begin, end).reverse().map(denialEntry);
  return begin === 0 ? { revocations } : { revocations, next: String(begin) };
}
