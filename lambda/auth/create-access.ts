import { hash } from 'node:crypto';
import { Problem, Unavailable } from '../../lib/domain/problem.ts';
import type { BucketReader } from '../../lib/store/read/bucket-reader.ts';
import type { RequestFunction } from '../../lib/store/read/node-request.ts';
import { RecentMap } from '../../lib/store/read/recent-map.ts';
import type { Log } from '../http/log.ts';
import { type Access, believedPastAge, type Caller } from './access.ts';
import { decodeToken } from './decode-token.ts';
import { refreshedDenials } from './denied-tokens.ts';
import type { JwtSettings } from './jwt-settings.ts';
import type { KeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';
import { issuerSource, pemSource } from './key-sources.ts';
import { readCredentials } from './read-credentials.ts';
import { type RefusalReason, Unauthorized } from './refusal.ts';
import type { VerifiedToken } from './verified-token.ts';
import { verifyToken } from './verify-token.ts';

export interface AccessOptions {
  readonly settings: JwtSettings;
  readonly reader: Pick<BucketReader, 'readText'>;
  /** Asks the issuer. */
  readonly request: RequestFunction;
  /** Milliseconds, of the deny list. */
  readonly maxAge: number;
  readonly now: () => number;
  readonly log: Log;
  /** Told of each look at keys or the deny list that are older than they may be. */
  readonly onStale: (what: string, cause: unknown) => void;
}

interface KeptToken {
  readonly token: VerifiedToken;
  readonly source: KeySource;
  readonly set: KeySet;
}

const mostKept = 1_000;

/** Throws BadSetting for a key that cannot be read or is too weak. */
export function createAccess({ settings, reader, request, maxAge, now, log, onStale }: AccessOptions): Access {
  const { leewaySeconds, maxLifetimeDays } = settings;
  const keys = settings.keys && pemSource(settings.keys);
  const issuer =
    settings.issuer &&
    issuerSource(settings.issuer, {
      request,
      now,
      onStale: (cause) => onStale('issuer keys', cause),
      onUnfit: (kid, rule) => log('warn', 'unfit key', { kid, rule }),
    });
  const denials = refreshedDenials({
    reader,
    maxAge,
    believed: believedPastAge,
    now,
    onStale: (cause) => onStale('revoked.json', cause),
  });
  /** By the SHA-256 of the whole token: how long a look-up takes says nothing of the tokens that are kept. */
  const kept = new RecentMap<KeptToken>(mostKept);

  const sourceOf = (iss: unknown): KeySource | undefined =>
    settings.issuer !== undefined && iss === settings.issuer.issuer ? issuer : keys;

  async function verify(token: string, name: string): Promise<VerifiedToken | RefusalReason> {
    const known = kept.get(name);
    if (known !== undefined && (await known.source.current()) === known.set) return known.token;
    const decoded = decodeToken(token);
    if (decoded === undefined) return 'malformed';
    const source = sourceOf(decoded.payload.iss);
    if (source === undefined) return 'signature';
    const set = await source.keysFor(decoded);
    const verified = verifyToken(token, decoded, set, source, { now: now() / 1_000, maxLifetimeDays });
    if (typeof verified !== 'string') kept.set(name, { token: verified, source, set });
    return verified;
  }

  async function authenticate(authorization: string | undefined): Promise<Caller> {
    const credentials = readCredentials(authorization);
    if (typeof credentials === 'string')
      return { refusal: new Unauthorized(credentials === 'none' ? 'no-token' : 'malformed') };
    const verified = await verify(credentials.token, hash('sha256', credentials.token));
    if (typeof verified === 'string') return { refusal: new Unauthorized(verified) };
    const at = now() / 1_000;
    const { exp, nbf, scope } = verified;
    // RFC 7519, 4.1.4: "on or after which the JWT MUST NOT be accepted".
    if (at >= exp + leewaySeconds) return { refusal: new Unauthorized('expired', exp) };
    if (nbf !== undefined && at < nbf - leewaySeconds) return { refusal: new Unauthorized('not-yet-valid', nbf) };
    return (await denials()).has(verified, at) ? { refusal: new Unauthorized('revoked') } : { scope };
  }

  return {
    authenticate: (authorization) =>
      authenticate(authorization).catch((error: unknown) => {
        if (error instanceof Problem) return { refusal: error };
        throw error;
      }),
    warm: async () => {
      await Promise.all([denials(), issuer?.current()]);
    },
  };
}

/** Where the keys cannot be used nobody is let in, and what is public goes on being served. */
export function closedAccess(cause: unknown): Access {
  const refusal = new Unavailable('This service cannot check tokens at present: tell its operator.', cause);
  return { authenticate: async () => ({ refusal }), warm: async () => {} };
}
