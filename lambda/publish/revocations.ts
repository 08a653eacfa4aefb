import type { RevocationRequest } from '../../lib/api/admin-requests.ts';
import type { RevocationList, Revoked } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import {
  assertEnd,
  type DenyList,
  declaredValue,
  denialEntry,
  denialOf,
  denyListChangeOf,
  withDenial,
  withoutDenial,
  withoutExpired,
} from '../../lib/domain/deny-list.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import { operationUsed } from './change-record.ts';
import { compareAndSwap, denyListDocument, loadDocument } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

const maxDenials = 4_000;

function assertRoom({ denials }: DenyList): void {
  if (denials.length > maxDenials)
    throw new Conflict(
      'list-full',
      `The deny list is full, with ${maxDenials} entries in force: replace many entries by one with --sub, --kid or --issued-before and remove them with --undo, or sign tokens with a new key and drop the old one.`,
    );
}

/** Adds an entry to the deny list or removes it. The same write drops the entries that have ended. */
export async function revoke(options: PublishOptions, request: RevocationRequest, by: string): Promise<Revoked> {
  const { operation, kind, until, reason, dryRun } = request;
  const action = until === undefined ? 'unrevoke' : 'revoke';
  const seconds = Math.floor(options.now() / 1_000);
  const value = declaredValue(kind, request.value, seconds);
  if (until !== undefined) assertEnd(until, seconds);
  const asked = { kind, value, ...(reason === undefined ? {} : { reason }) };
  const answerFor = (list: DenyList, fresh: boolean): Revoked => {
    const denial = denialOf(list, asked);
    return {
      action,
      fresh,
      revocation: denial === undefined ? { [kind]: value } : denialEntry(denial),
      inForce: list.denials.length,
    };
  };

  let audit: Readonly<Record<string, unknown>> | undefined;
  const answer = await compareAndSwap(options, denyListDocument, {
    dryRun,
    decide: (stored) => {
      audit = undefined;
      const earlier = denyListChangeOf(stored, operation);
      const list = withoutExpired(stored, options.now() / 1_000);
      if (earlier !== undefined) {
        if (earlier.action !== action || earlier.kind !== kind || earlier.value !== value)
          throw operationUsed(operation);
        return { answer: answerFor(list, true) };
      }
      const author = authorOf(options, operation, by);
      const next =
        until === undefined ? withoutDenial(list, asked, author) : withDenial(list, { ...asked, until }, author);
      if (next === undefined) return { answer: answerFor(list, false) };
      if (next.denials.length > list.denials.length) assertRoom(next);
      audit = { kind, value, until, reason, operation, by };
      return { answer: answerFor(next, true), next };
    },
  });
  if (audit !== undefined && !dryRun) options.log('info', action === 'revoke' ? 'revoked' : 'unrevoked', audit);
  return answer;
}

/** The answer of a function has at most 6 MB, and an entry may have 10 KB. */
const maxPageLength = 500;

function offsetOf(after: string): number {
  if (!/^\d{1,6}$/.test(after))
    throw new InvalidInput('after', 'There is no such position in the list: start again without "after".');
  return Number(after);
}

/**
 * A page of the deny list. The cursor is the number of entries that are older than the last one given: new entries do not shift
 * it, and where older ones have ended an entry is given twice rather than never.
 */
export async function listRevocations(
  { bucket, now }: Pick<PublishOptions, 'bucket' | 'now'>,
  after: string | undefined,
): Promise<RevocationList> {
  const older = after === undefined ? undefined : offsetOf(after);
  const list = await loadDocument(bucket, denyListDocument);
  const { denials } = withoutExpired(list, now() / 1_000);
  const end = Math.min(older ?? denials.length, denials.length);
  const begin = Math.max(0, end - maxPageLength);
  const revocations = denials.slice(begin, end).reverse().map(denialEntry);
  return begin === 0 ? { revocations } : { revocations, next: String(begin) };
}
