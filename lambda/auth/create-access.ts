import { hash } from 'node:crypto';
import { Problem, Unavailable } from '../../lib/domain/problem.ts';
import { accessStaleIfErrorMs, LruMap } from '../../lib/store/read/cache.ts';
import type { BucketReader } from '../../lib/store/read/reader.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';
import { describeError, type Log } from '../http/log.ts';
import { decodeToken } from './decode-token.ts';
import { refreshedDenials } from './denied-tokens.ts';
import { type JwtSettings, readStoredSettings } from './jwt-settings.ts';
import { issuerSource, pemSource } from './key-sources.ts';
import { type RefusalReason, Unauthorized } from './refusal.ts';
import type { Access, Caller } from './scope.ts';
import { type KeySet, type KeySource, type VerifiedToken, verifyToken } from './token.ts';

/** What a request brings: a token, nothing, or something that is neither Basic nor Bearer. */
type Credentials = { readonly token: string } | 'none' | 'malformed';

/** RFC 7617, 2: the user name ends at the first colon; it is not looked at. RFC 6750, 2.1: a bearer token. */
export function readCredentials(authorization: string | undefined): Credentials {
  if (authorization === undefined || authorization === '') return 'none';
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([A-Za-z0-9+/=._~-]+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { token: value };
  if (scheme.toLowerCase() !== 'basic') return 'malformed';
  const pair = Buffer.from(value, 'base64').toString();
  const colon = pair.indexOf(':');
  if (colon === -1) return 'malformed';
  const token = pair.slice(colon + 1);
  return token === '' ? 'none' : { token };
}

interface AccessOptions {
  readonly settings: JwtSettings;
  readonly reader: Pick<BucketReader, 'readText'>;
  /** Asks the issuer. */
  readonly request: RequestFunction;
  /** Of the deny list. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly log: Log;
  /** Called each time that keys or a deny list older than the maximum age are used. */
  readonly onStale: (what: string, cause: unknown) => void;
}

interface KeptToken {
  readonly token: VerifiedToken;
  readonly source: KeySource;
  readonly set: KeySet;
}

const maxKeptTokens = 1_000;

/** Throws BadSetting for a key that cannot be read or is too weak. */
export function createAccess({ settings, reader, request, maxAgeMs, now, log, onStale }: AccessOptions): Access {
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
    maxAgeMs,
    staleIfErrorMs: accessStaleIfErrorMs,
    now,
    onStale: (cause) => onStale('revoked.json', cause),
  });
  /** By the SHA-256 of the whole token: how long a look-up takes says nothing of the tokens that are kept. */
  const kept = new LruMap<KeptToken>(maxKeptTokens);

  const sourceOf = (iss: unknown): KeySource | undefined =>
    settings.issuer !== undefined && iss === settings.issuer.issuer ? issuer : keys;

  async function verify(token: string, name: string): Promise<VerifiedToken | RefusalReason> {
    const known = kept.get(name);
    if (known !== undefined && (await known.source.current()) === known.set) return known.token;
    const decoded = decodeToken(token);
    if ('rule' in decoded || decoded.refusals.length > 0) return 'malformed';
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

/** Where the keys cannot be used, every token is refused and public channels are still served. */
function closedAccess(cause: unknown): Access {
  const refusal = new Unavailable('This service cannot check tokens at present: tell its operator.', cause);
  return { authenticate: async () => ({ refusal }), warm: async () => {} };
}

/**
 * Access as the function's environment has it. A function that cannot read its settings must not be open, and must not fail
 * to start either, for then not even public channels would be served.
 */
export function loadAccess(text: string | undefined, options: Omit<AccessOptions, 'settings'>): Access {
  try {
    return createAccess({ ...options, settings: readStoredSettings(text) });
  } catch (error) {
    options.log('error', 'no keys', { error: describeError(error) });
    return closedAccess(error);
  }
}
