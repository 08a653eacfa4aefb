import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { isObject, isText } from '../../lib/domain/names.ts';
import { BadSetting, Unavailable } from '../../lib/domain/problem.ts';
import { accessStaleIfErrorMs, Refreshed } from '../../lib/store/read/cache.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';
import type { JwtSettings } from './jwt-settings.ts';
import { algorithms, type PublicKey, publicKey, readPem } from './public-key.ts';
import { boundScope, claimedScope } from './scope.ts';
import type { KeySet, KeySource } from './token.ts';

interface IssuerKeysOptions {
  readonly issuer: string;
  /** Absent: asked of the issuer's discovery document. */
  readonly jwksUri: string | undefined;
  readonly request: RequestFunction;
  readonly now: () => number;
  readonly onStale: (cause: unknown) => void;
  /** Called for a published key that is not accepted. */
  readonly onUnfit: (kid: string, rule: string) => void;
}

const maxAgeMs = 600_000;
const timeoutMs = 3_000;
/** Between two fetches because of an unknown key. */
const minRefetchMs = 60_000;
/** After a failure the issuer is not asked for this long: without any keys, every request would ask it. */
const failurePauseMs = 1_000;
const maxDocumentBytes = 262_144;
const maxKeys = 100;

const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The keys that tokens are checked with cannot be loaded at present: try again.', cause);

/** A signing key of the set (RFC 7517, 4), or the rule that it breaks. Keys for other uses are neither. */
function readJwk(jwk: Readonly<Record<string, unknown>>): PublicKey | { readonly rule: string } | undefined {
  const { kid, use = 'sig', alg, kty, key_ops: operations = ['verify'] } = jwk;
  if (typeof kid !== 'string' || use !== 'sig' || !['RSA', 'EC', 'OKP'].includes(kty as string)) return undefined;
  if (!Array.isArray(operations) || !operations.includes('verify')) return undefined;
  try {
    const found = publicKey(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }), kid);
    return 'rule' in found || alg === undefined || alg === found.algorithm ? found : undefined;
  } catch {
    return { rule: 'cannot be read' };
  }
}

/** The keys that an OIDC issuer publishes. */
class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #set: Refreshed<KeySet>;
  #nextLook = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    const { now, onStale } = options;
    this.#set = new Refreshed(() => this.#loadUnlessPaused(), {
      maxAgeMs,
      staleIfErrorMs: accessStaleIfErrorMs,
      now,
      onStale,
    });
  }

  async current(): Promise<KeySet> {
    try {
      return await this.#set.get();
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** The keys of that name. Where there is none the issuer is asked again, but at most once a minute: anybody makes up names. */
  async named(kid: string): Promise<KeySet> {
    const known = await this.current();
    const { now } = this.#options;
    if (known.keys.some((key) => key.kid === kid) || now() < this.#nextLook) return known;
    this.#nextLook = now() + minRefetchMs;
    return this.#set.renew().catch(() => known);
  }

  async #loadUnlessPaused(): Promise<KeySet> {
    const { now } = this.#options;
    if (now() < this.#pausedUntil) throw this.#failure;
    try {
      return await this.#load();
    } catch (error) {
      this.#pausedUntil = now() + failurePauseMs;
      this.#failure = error;
      throw error;
    }
  }

  async #load(): Promise<KeySet> {
    this.#nextLook = this.#options.now() + minRefetchMs;
    const { keys } = await this.#document(this.#options.jwksUri ?? (await this.#discover()));
    if (!Array.isArray(keys)) throw new Error('the key set has no list of keys');
    const found: PublicKey[] = [];
    for (const jwk of keys.slice(0, maxKeys).filter(isObject)) {
      const key = readJwk(jwk);
      if (key === undefined) continue;
      if ('rule' in key) this.#options.onUnfit(String(jwk.kid), key.rule);
      else found.push(key);
    }
    if (found.length === 0) throw new Error('the key set has no key that can be used');
    return { keys: found };
  }

  /** OpenID Connect Discovery 1.0, 4. */
  async #discover(): Promise<string> {
    const { issuer } = this.#options;
    const document = await this.#document(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (document.issuer !== issuer) throw new Error('the discovery document is of another issuer');
    const uri = document.jwks_uri;
    const isSafe = typeof uri === 'string' && URL.canParse(uri) && new URL(uri).protocol === new URL(issuer).protocol;
    if (!isSafe) throw new Error('the discovery document names no key set');
    return uri;
  }

  async #document(url: string): Promise<Readonly<Record<string, unknown>>> {
    const { status, body } = await this.#options.request({ method: 'GET', url, timeoutMs });
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    if (Buffer.byteLength(body) > maxDocumentBytes) throw new Error(`${url} is over ${maxDocumentBytes} bytes`);
    const value: unknown = JSON.parse(body);
    if (!isObject(value)) throw new Error(`${url} is not an object`);
    return value;
  }
}

/** Throws BadSetting for a key that cannot be read or is too weak. */
export function pemSource({ pems, audience, issuer, defaultScope }: NonNullable<JwtSettings['keys']>): KeySource {
  const keys = pems.flatMap((pem) => {
    const found = readPem(pem);
    if ('rule' in found) throw new BadSetting('A public key', found.rule);
    return found.keys;
  });
  const set: KeySet = { keys };
  return {
    expected: { issuer: issuer ?? null, audience: audience ?? null },
    current: async () => set,
    keysFor: async () => set,
    scopeOf: ({ channels }) => claimedScope(channels, defaultScope),
  };
}

/** Only bound claims give channels: a `channels` claim would be the word of whoever asked the issuer for the token. */
export function issuerSource(
  { issuer, jwksUri, audience, rules }: NonNullable<JwtSettings['issuer']>,
  options: Omit<IssuerKeysOptions, 'issuer' | 'jwksUri'>,
): KeySource {
  const published = new IssuerKeys({ issuer, jwksUri, ...options });
  return {
    expected: { issuer, audience },
    current: () => published.current(),
    // What could never be verified is not worth a question to the issuer.
    keysFor: async ({ header: { kid, alg } }) =>
      isText(kid) && algorithms.some((one) => one === alg) ? published.named(kid) : { keys: [] },
    scopeOf: (payload) => boundScope(rules, payload),
  };
}
