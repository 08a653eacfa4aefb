import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';
import { describeError, type Log } from '../http/log.ts';
import type { KeySecret } from './key-secret.ts';

interface DeliveryKeyOptions {
  readonly openSecret: (arn: string) => KeySecret;
  /** Sends the answer to the presigned URL where CloudFormation waits for it. */
  readonly put: (url: string, body: string) => Promise<{ readonly status: number }>;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly log: Log;
}

/** The role of this function is as new as the secret, and IAM needs some seconds until every part of AWS knows it. */
const attempts = 5;
const pauseMs = 4_000;

/** CloudFront accepts RSA 2048 and ECDSA P-256 for signed URLs (CloudFront developer guide, "Create key pairs for your signers"). */
const newPrivateKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

function parseKey(text: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(text);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    // OpenSSL's message could say something about the text.
    return undefined;
  }
}

function publicKeyOf(text: string, arn: string): string {
  const key = parseKey(text);
  if (key === undefined)
    throw new Error(
      `The value of the secret ${arn} is not a private key that this function made. Use another name in deliveryKeys`,
    );
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

/** The private key of the secret: made once, and then the same for each request and each repeat of one. */
async function keepKey(arn: string, requestId: string, { openSecret, log }: DeliveryKeyOptions): Promise<string> {
  const secret = openSecret(arn);
  const kept = await secret.read();
  if (kept !== undefined) return kept;
  const made = newPrivateKey();
  if (await secret.create(made, requestId)) {
    log('info', 'key created', { key: arn });
    return made;
  }
  // A repeat of this request was faster.
  const other = await secret.read();
  if (other === undefined) throw new Error(`The secret ${arn} has a version without a value`);
  return other;
}

async function keepKeyAtLast(arn: string, requestId: string, options: DeliveryKeyOptions): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await keepKey(arn, requestId, options);
    } catch (error) {
      if (attempt === attempts) throw error;
      options.log('warn', 'again', { key: arn, error: describeError(error) });
      await options.sleep(pauseMs);
    }
  }
}

type Outcome =
  | { readonly Status: 'SUCCESS'; readonly Data?: { readonly PublicKey: string } }
  | { readonly Status: 'FAILED'; readonly Reason: string };

/** Characters. The whole answer can have 4,096 bytes (CloudFormation user guide, "Custom resource response objects"). */
const maxReasonLength = 1_000;

async function outcomeOf(event: CloudFormationCustomResourceEvent, options: DeliveryKeyOptions): Promise<Outcome> {
  // CloudFormation deletes the secret itself.
  if (event.RequestType === 'Delete') return { Status: 'SUCCESS' };
  const { SecretArn: arn } = event.ResourceProperties;
  try {
    if (typeof arn !== 'string') throw new Error('The property SecretArn is missing');
    return {
      Status: 'SUCCESS',
      Data: { PublicKey: publicKeyOf(await keepKeyAtLast(arn, event.RequestId, options), arn) },
    };
  } catch (error) {
    options.log('error', 'no key', { key: arn, error: describeError(error) });
    return { Status: 'FAILED', Reason: describeError(error).slice(0, maxReasonLength) };
  }
}

/** The same for each request about a resource: another one would make CloudFormation replace it. */
const physicalIdOf = (event: CloudFormationCustomResourceEvent): string =>
  event.RequestType === 'Create'
    ? String(event.ResourceProperties.SecretArn ?? event.LogicalResourceId)
    : event.PhysicalResourceId;

/**
 * Answers CloudFormation's requests for a key of the delivery: the private key is made here and goes into its secret, the
 * public key is the answer's only data. A throw means that CloudFormation has no answer: Lambda then repeats the request.
 */
export const createDeliveryKey =
  (options: DeliveryKeyOptions) =>
  async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const answer: CloudFormationCustomResourceResponse = {
      ...(await outcomeOf(event, options)),
      PhysicalResourceId: physicalIdOf(event),
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
    };
    const { status } = await options.put(event.ResponseURL, JSON.stringify(answer));
    if (status !== 200) throw new Error(`CloudFormation's URL for the answer answered ${status}`);
  };
