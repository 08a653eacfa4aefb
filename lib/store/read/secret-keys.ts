import { SignatureV4 } from '@smithy/signature-v4';
import { type SecretArn, serviceEndpoint } from '../../domain/aws.ts';
import { isObject } from '../../domain/names.ts';
import { Unavailable } from '../../domain/problem.ts';
import { Refreshed } from './cache.ts';
import { type Credentials, Sha256 } from './presign.ts';
import type { RequestFunction } from './request.ts';

/** A sandbox that only hands out URLs sends no request with them, so it would never notice that keys were replaced. */
const maxAgeMs = 300_000;
/** After the store refused the keys they are read again at once, but not more often than this. */
const minRenewalMs = 60_000;
/** Without any keys the secret is read again after this time. */
const failurePauseMs = 5_000;
const secretTimeoutMs = 2_000;

interface SecretKeysOptions<Keys> {
  readonly read: () => Promise<Keys>;
  readonly areSame: (one: Keys, other: Keys) => boolean;
  /** What a reader is told while there are no keys. */
  readonly unavailable: string;
  readonly now: () => number;
  /** Called when the secret cannot be read and the old keys are used. */
  readonly onStale: (cause: unknown) => void;
  readonly onRenewed: (keys: Keys) => void;
}

/** Keys that may be replaced at any time. */
interface SecretKeys<Keys> {
  /** Not a promise where they are in memory. */
  readonly get: () => Keys | Promise<Keys>;
  /** Counts up when other keys take the place of those before. */
  readonly generation: () => number;
  /** After these were refused: whether there are others now. */
  readonly renew: (refused: Keys) => Promise<boolean>;
}

/** Keys that are kept in a secret. */
export function createSecretKeys<Keys>(options: SecretKeysOptions<Keys>): SecretKeys<Keys> {
  const { read, areSame, unavailable, now, onStale, onRenewed } = options;
  let generation = 0;
  let failure: { readonly error: Unavailable; readonly until: number } | undefined;
  let renewAfter = Number.NEGATIVE_INFINITY;
  let renewing: Promise<Keys> | undefined;

  async function load(previous: Keys | undefined): Promise<Keys> {
    if (previous === undefined && failure !== undefined && now() < failure.until) throw failure.error;
    try {
      const found = await read();
      if (previous === undefined || areSame(previous, found)) return previous ?? found;
      generation += 1;
      onRenewed(found);
      return found;
    } catch (cause) {
      const error = new Unavailable(unavailable, cause);
      failure = { error, until: now() + failurePauseMs };
      throw error;
    }
  }

  const kept = new Refreshed(load, { maxAgeMs, now, onStale, patienceMs: secretTimeoutMs });
  return {
    get: () => kept.get(),
    generation: () => generation,
    async renew(refused) {
      if (kept.last !== refused) return true;
      if (now() >= renewAfter) {
        renewAfter = now() + minRenewalMs;
        renewing = kept.renew().finally(() => {
          renewing = undefined;
        });
      }
      return renewing !== undefined && (await renewing) !== refused;
    },
  };
}

interface SecretSource {
  readonly secret: SecretArn;
  /** Origin of another Secrets Manager than the region's own, such as a VPC endpoint. */
  readonly endpoint: string | undefined;
  /** Those of the function's role. */
  readonly credentials: Credentials;
  readonly request: RequestFunction;
}

const form = 'must be {"accessKeyId": "…", "secretAccessKey": "…"}';

function parsed(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(String(text));
    return isObject(value) ? value : {};
  } catch {
    // The parser's own message quotes what it read.
    return {};
  }
}

const isKey = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The bucket's keys, as a secret holds them. Errors name what is wrong with it, and never hold any of it. */
export function storeKeysOf(text: unknown): Credentials {
  const { accessKeyId, secretAccessKey } = parsed(text);
  if (!isKey(accessKeyId) || !isKey(secretAccessKey)) throw new Error(`the secret ${form}`);
  return { accessKeyId, secretAccessKey };
}

interface SecretAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** What Secrets Manager says of a failure. */
  readonly message: unknown;
}

/** One signed request to Secrets Manager, with the action and the parameters of its API reference. */
export async function requestSecret(
  { secret, endpoint, credentials, request }: SecretSource,
  action: 'GetSecretValue' | 'PutSecretValue',
  parameters: Readonly<Record<string, unknown>> = {},
  timeoutMs = secretTimeoutMs,
): Promise<SecretAnswer> {
  const url = new URL(endpoint ?? serviceEndpoint('secretsmanager', secret.region));
  const signer = new SignatureV4({ service: 'secretsmanager', region: secret.region, credentials, sha256: Sha256 });
  const body = JSON.stringify({ SecretId: secret.arn, ...parameters });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    headers: {
      host: url.host,
      'content-length': String(Buffer.byteLength(body)),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `secretsmanager.${action}`,
    },
    body,
  });
  const { status, body: text } = await request({ method: 'POST', url: `${url.origin}/`, headers, body, timeoutMs });
  const fields = parsed(text);
  return { status, fields, message: fields.Message ?? fields.message };
}

/** The text of a secret of Secrets Manager; undefined where the secret is binary. */
export async function readSecret(source: SecretSource): Promise<unknown> {
  const { status, fields, message } = await requestSecret(source, 'GetSecretValue');
  if (status !== 200)
    throw new Error([`Secrets Manager answered ${status}`, fields.__type, message].filter(isKey).join(': '));
  return fields.SecretString;
}
