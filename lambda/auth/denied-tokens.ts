import { type DenialKind, type DenyList, denyListKey, parseDenyList } from '../../lib/domain/deny-list.ts';
import { Unavailable } from '../../lib/domain/problem.ts';
import { type BucketReader, refreshedText } from '../../lib/store/read/reader.ts';
import type { VerifiedToken } from './token.ts';

interface DeniedTokensOptions {
  readonly reader: Pick<BucketReader, 'readText'>;
  readonly maxAgeMs: number;
  /** Past the maximum age. */
  readonly staleIfErrorMs: number;
  readonly now: () => number;
  readonly onStale: (cause: unknown) => void;
}

/** The deny list, indexed for look-ups. */
interface DeniedTokens {
  /** @param at seconds since 1970 */
  readonly has: (token: VerifiedToken, at: number) => boolean;
}

function viewOf({ denials }: DenyList): DeniedTokens {
  const ends = new Map<string, number>();
  const name = (kind: DenialKind, value: string): string => `${kind} ${value}`;
  for (const { kind, value, until } of denials) {
    if (kind === 'issuedBefore') continue;
    const key = name(kind, String(value));
    ends.set(key, Math.max(until, ends.get(key) ?? until));
  }
  const cuts = denials.filter(({ kind }) => kind === 'issuedBefore');
  return {
    has({ jti, sub, kid, keyIds, sha256, iat }, at) {
      const isNamed = (kind: DenialKind, value: string | undefined): boolean =>
        value !== undefined && at < (ends.get(name(kind, value)) ?? Number.NEGATIVE_INFINITY);
      // A token that does not say when it was issued cannot show that it is a later one.
      const isOld = cuts.some(({ value, until }) => at < until && (iat === undefined || iat < Number(value)));
      const isOfKey = [kid, ...keyIds].some((id) => isNamed('kid', id));
      return isOld || isOfKey || isNamed('jti', jti) || isNamed('sub', sub) || isNamed('sha256', sha256);
    },
  };
}

/** The deny list, kept in memory like a record. One that cannot be read is never taken for an empty one. */
export function refreshedDenials({ reader, ...freshness }: DeniedTokensOptions): () => Promise<DeniedTokens> {
  const absent = (): DeniedTokens => ({ has: () => false });
  const refreshed = refreshedText<DeniedTokens>(
    { reader, key: denyListKey, parse: ({ text }) => viewOf(parseDenyList(text)), absent },
    freshness,
  );
  return async () => {
    try {
      return await refreshed.get();
    } catch (error) {
      throw new Unavailable('The list of revoked tokens cannot be read at present: try again.', error);
    }
  };
}
