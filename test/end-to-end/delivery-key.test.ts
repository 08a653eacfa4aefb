import { createPrivateKey, createPublicKey } from 'node:crypto';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { headerValues } from '../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../lib/local/sigv4/verify.ts';
import { localhostTls } from '../support/localhost-tls.ts';
import { sha256 } from '../support/memory-bucket.ts';
import { type ShippedFunction, shippedFunctions } from '../support/shipped-function.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:DeliveryKey-AbC123';
const keys = { AWS_ACCESS_KEY_ID: 'role', AWS_SECRET_ACCESS_KEY: 'secret of the role' };
const answers: { readonly headers: https.RequestOptions['headers']; readonly body: Record<string, unknown> }[] = [];
let value: string | undefined;
let server: https.Server;
let origin: string;
let shipped: ShippedFunction;

/** Secrets Manager with one secret that has no value yet; and where CloudFormation waits. */
function answerOf({ method = '', url = '', rawHeaders, headers }: Incoming, body: string) {
  if (method === 'PUT') {
    answers.push({ headers, body: JSON.parse(body) });
    return { status: 200, body: {} };
  }
  const verified = verifySignature(
    { method, rawPath: url, rawQuery: '', headers: headerValues(rawHeaders), payloadHash: sha256(body) },
    {
      service: 'secretsmanager',
      region: 'eu-central-1',
      credentials: (id) => (id === keys.AWS_ACCESS_KEY_ID ? keys.AWS_SECRET_ACCESS_KEY : undefined),
      now: new Date(),
    },
  );
  if (!verified.ok) return { status: 400, body: { __type: 'InvalidSignatureException' } };
  const sent = JSON.parse(body) as { SecretId: string; SecretString?: string };
  expect(sent.SecretId).toBe(arn);
  if (headers['x-amz-target'] === 'secretsmanager.PutSecretValue') {
    value = sent.SecretString;
    return { status: 200, body: { ARN: arn } };
  }
  return value === undefined
    ? { status: 400, body: { __type: 'ResourceNotFoundException' } }
    : { status: 200, body: { ARN: arn, SecretString: value } };
}

type Incoming = Pick<import('node:http').IncomingMessage, 'method' | 'url' | 'rawHeaders' | 'headers'>;

const event = (RequestType: string) => ({
  RequestType,
  RequestId: 'a0b1c2d3-0000-4000-8000-000000000001',
  ResponseURL: `${origin}/answer?X-Amz-Signature=s`,
  StackId: 'arn:aws:cloudformation:eu-central-1:111122223333:stack/NixChannelStack/1',
  LogicalResourceId: 'DeliveryKeysMadefirst',
  PhysicalResourceId: arn,
  ResourceProperties: { SecretArn: arn },
});

beforeAll(async () => {
  server = https.createServer(localhostTls, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, body } = answerOf(request, Buffer.concat(chunks).toString());
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  shipped = await shippedFunctions({ delivery: 'cloudfront' })('DeliveryKeys', {
    ...keys,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: origin,
  });
});

afterAll(async () => {
  await shipped?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

it('the function as it is deployed makes a key, keeps it, and answers CloudFormation without a Content-Type', async () => {
  for (const type of ['Create', 'Update', 'Delete']) await shipped.call(event(type));
  const publicKey = createPublicKey(createPrivateKey(value ?? '')).export({ type: 'spki', format: 'pem' });
  const [created, updated, deleted] = answers;

  expect(created?.body).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: arn,
    Data: { PublicKey: publicKey.toString() },
  });
  expect(updated?.body.Data).toEqual(created?.body.Data);
  expect(deleted?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: arn });
  for (const { headers } of answers) expect(headers).not.toHaveProperty('content-type');
  expect(shipped.written()).toContain('key created');
  expect(shipped.written()).not.toMatch(/PRIVATE KEY|X-Amz-Signature/);
});
