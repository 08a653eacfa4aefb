import * as z from 'zod/mini';
import { type Denial, denialKinds } from '../../lib/domain/deny-list.ts';
import { InvalidInput } from '../../lib/domain/problem.ts';
import { parseBody } from './parse-body.ts';
import { flag, operation, reason } from './request-fields.ts';

const text = z.optional(z.string());
const seconds = z.optional(z.int('a whole number of seconds since 1970').check(z.nonnegative('not negative')));

const revocation = z.strictObject({
  operation,
  jti: text,
  sub: text,
  kid: text,
  sha256: text,
  issuedBefore: seconds,
  until: seconds,
  reason: z.optional(reason),
  undo: flag,
  dryRun: flag,
});

/** An entry to be made, or without an end one to be taken back. */
export interface RevocationRequest extends Pick<Denial, 'kind' | 'value' | 'reason'> {
  readonly operation: string;
  readonly until: number | undefined;
  readonly dryRun: boolean;
}

export function parseRevocation(body: string | undefined): RevocationRequest {
  const parsed = parseBody(revocation, body);
  const { operation: id, until, reason: why, undo = false, dryRun = false } = parsed;
  const given = denialKinds.flatMap((kind) => {
    const value = parsed[kind];
    return value === undefined ? [] : [{ kind, value }];
  });
  const [one] = given;
  if (one === undefined || given.length > 1)
    throw new InvalidInput('body', `Give exactly one of ${denialKinds.join(', ')}.`);
  if (undo && (until !== undefined || why !== undefined))
    throw new InvalidInput(
      until === undefined ? 'reason' : 'until',
      'What takes an entry back has neither end nor reason.',
    );
  if (!undo && until === undefined)
    throw new InvalidInput(
      'until',
      'until is missing: say when the last such token expires, or the list grows for ever.',
    );
  return { operation: id, ...one, until, dryRun, ...(why === undefined ? {} : { reason: why }) };
}
