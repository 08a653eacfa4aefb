import type { RevocationList, Revoked } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { RevocationRequest } from '../../lib/api/requests.ts';
import {
  assertEnd,
  type DenyList,
  declaredValue,
  denialEntry,
  denialOf,
  denyListChangeOf,
  denyListKey,
  emptyDenyList,
  formatDenyList,
  parseDenyList,
  withDenial,
  withoutDenial,
  withoutExpired,
} from '../../lib/domain/deny-list.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import { compareAndSwap, operationUsed } from './change-record.ts';
import type { PublishOptions } from './publish-options.ts';

/** A list that is damaged is changed by nobody: what it denied would be let in. */
function denyListOf(text: string | undefined): DenyList {
  if (text === undefined) return emptyDenyList;
  try {
    return parseDenyList(text);
  } catch (error) {
    throw new Conflict(
      'damaged',
      `The deny list cannot be read (${(error as Error).message}), so it is not written over: put its last good version back (aws s3api list-object-versions --prefix ${denyListKey}), conditionally, then run this again.`,
    );
  }
}

const mostDenials = 4_000;

function assertRoom({ denials }: DenyList): void {
  if (denials.length > mostDenials)
    throw new Conflict(
      'list-full',
      `The deny list has ${mostDenials} entries in force, and takes no more: deny by --sub, --kid or --issued-before what many entries deny one by one and take those back with --undo, or give tokens a new key and drop the old one.`,
    );
}

/** Puts an entry on the deny list or takes it back. Entries whose time is over go with the same write. */
export async function revoke(options: PublishOptions, request: RevocationRequest, by: string): Promise<Revoked> {
  const { operation, kind, until, reason, dryRun } = request;
  const action = until === undefined ? 'unrevoke' : 'revoke';
  const seconds = Math.floor(options.now() / 1_000);
  const value = declaredValue(kind, request.value, seconds);
  if (until !== undefined) assertEnd(until, seconds);
  const asked = { kind, value, ...(reason === undefined ? {} : { reason }) };
  const told = (list: DenyList, fresh: boolean): Revoked => {
    const denial = denialOf(list, asked);
    return {
      action,
      fresh,
      revocation: denial === undefined ? { [kind]: value } : denialEntry(denial),
      inForce: list.denials.length,
    };
  };

  let audit: Readonly<Record<string, unknown>> | undefined;
  const answer = await compareAndSwap<DenyList, Revoked>(options, {
    key: denyListKey,
    parse: denyListOf,
    format: formatDenyList,
    dryRun,
    decide: (stored) => {
      audit = undefined;
      const earlier = denyListChangeOf(stored, operation);
      const list = withoutExpired(stored, options.now() / 1_000);
      if (earlier !== undefined) {
        if (earlier.action !== action || earlier.kind !== kind || earlier.value !== value)
          throw operationUsed(operation);
        return { answer: told(list, true) };
      }
      const author = { operation, at: new Date(options.now()).toISOString(), by };
      const next =
        until === undefined ? withoutDenial(list, asked, author) : withDenial(list, { ...asked, until }, author);
      if (next === undefined) return { answer: told(list, false) };
      if (next.denials.length > list.denials.length) assertRoom(next);
      audit = { kind, value, until, reason, operation, by };
      return { answer: told(next, true), next };
    },
  });
  if (audit !== undefined && !dryRun) options.log('info', action === 'revoke' ? 'revoked' : 'unrevoked', audit);
  return answer;
}

/** An answer of a function is at most 6 MB, and an entry may have 10 KB. */
const pageLength = 500;

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
