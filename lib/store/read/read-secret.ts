import { SignatureV4 } from '@smithy/signature-v4';
import { type SecretArn, serviceEndpoint } from '../../domain/aws.ts';
import { isObject } from '../../domain/is-object.ts';
import type { RequestFunction } from './node-request.ts';
import { secretDeadline } from './secret-keys.ts';
import { Sha256 } from './sha256.ts';
import type { Credentials } from './store-keys.ts';

export interface SecretSource {
  readonly secret: SecretArn;
  /** Origin of another Secrets Manager than the region's own, such as a VPC endpoint. */
  readonly endpoint: string | undefined;
  /** Those of the function's role, not of the bucket. */
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

/** What the secret holds. Errors name what is wrong with it, and never hold any of it. */
function keysOf(text: unknown): Credentials {
  const { accessKeyId, secretAccessKey } = parsed(text);
  if (!isKey(accessKeyId) || !isKey(secretAccessKey)) throw new Error(`the secret ${form}`);
  return { accessKeyId, secretAccessKey };
}

/** Reads the bucket's keys from Secrets Manager, by one signed request (its API reference, GetSecretValue). */
export async function readSecret({ secret, endpoint, credentials, request }: SecretSource): Promise<Credentials> {
  const url = new URL(endpoint ?? serviceEndpoint('secretsmanager', secret.region));
  const signer = new SignatureV4({ service: 'secretsmanager', region: secret.region, credentials, sha256: Sha256 });
  const body = JSON.stringify({ SecretId: secret.arn });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    headers: {
      host: url.host,
      'content-length': String(Buffer.byteLength(body)),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.GetSecretValue',
    },
    body,
  });
  const answer = await request({ method: 'POST', url: `${url.origin}/`, headers, body, deadline: secretDeadline });
  const { SecretString, __type, message, Message = message } = parsed(answer.body);
  if (answer.status !== 200)
    throw new Error([`Secrets Manager answered ${answer.status}`, __type, Message].filter(isKey).join(': '));
  return keysOf(SecretString);
}
