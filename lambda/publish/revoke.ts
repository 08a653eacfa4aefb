import { Conflict } from '../../lib/api/problem.ts';
import { assertEnd, declaredValue } from '../../lib/domain/denial-rules.ts';
import {
  type Denial,
  type DenialEntry,
  type DenyList,
  denialEntry,
  denyListKey,
  formatDenyList,
  withoutExpired,
} from '../../lib/domain/deny-list.ts';
import { denialOf, denyListChangeOf, withDenial, withoutDenial } from '../../lib/domain/deny-list-changes.ts';
import { compareAndSwap } from './compare-and-swap.ts';
import { denyListOf } from './deny-list-of.ts';
import { operationUsed } from './operation-used.ts';
import type { PublishOptions } from './publish-options.ts';
import type { RevocationRequest } from './revocation-request.ts';

const mostDenials = 4_000;

/** What is told of an entry that was made or taken back. */
export interface Revoked {
  readonly action: 'revoke' | 'unrevoke';
  /** Whether this very operation did it, rather than an earlier one. */
  readonly fresh: boolean;
  /** The entry as it is in force; what was asked for alone where none is. */
  readonly revocation: DenialEntry | Pick<DenialEntry, Denial['kind']>;
  /** How many entries are in force. */
  readonly inForce: number;
}

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
