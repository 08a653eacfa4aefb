import { describe, expect, it } from '@jest/globals';
import { parseSecretArn, type SecretArn } from '../../../../lib/domain/aws.ts';
import { headerValues } from '../../../../lib/local/sigv4/header-values.ts';
import { verifySignature } from '../../../../lib/local/sigv4/verify-signature.ts';
import type { StoreRequest, StoreResponse } from '../../../../lib/store/read/node-request.ts';
import { readSecret } from '../../../../lib/store/read/read-secret.ts';
import { sha256 } from '../../../support/memory-bucket.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';
const role = { accessKeyId: 'role', secretAccessKey: 'secret of the role' };

async function read(answer: Partial<StoreResponse>, endpoint?: string) {
  const sent: StoreRequest[] = [];
  const keys = readSecret({
    secret: parseSecretArn(arn) as SecretArn,
    endpoint,
    credentials: role,
    request: async (request) => {
      sent.push(request);
      return { status: 200, headers: {}, body: '{}', ...answer };
    },
  });
  return { sent, keys };
}

const secretOf = (value: unknown) => ({ body: JSON.stringify({ ARN: arn, SecretString: value }) });
const pair = { accessKeyId: 'AK', secretAccessKey: 'SK' };

describe('reading the secret', () => {
  it('is one signed request to the region that the ARN names', async () => {
    const { sent, keys } = await read(secretOf(JSON.stringify(pair)));
    expect(await keys).toEqual(pair);
    const [{ url, method, headers = {}, body = '', deadline }] = sent as [StoreRequest];
    expect([url, method, deadline]).toEqual(['https://secretsmanager.eu-central-1.amazonaws.com/', 'POST', 2_000]);
    expect(JSON.parse(body)).toEqual({ SecretId: arn });
    expect(headers).toMatchObject({ 'x-amz-target': 'secretsmanager.GetSecretValue' });
    const verified = verifySignature(
      {
        method,
        rawPath: '/',
        rawQuery: '',
        headers: headerValues(Object.entries(headers).flat()),
        payloadHash: sha256(body),
      },
      {
        service: 'secretsmanager',
        region: 'eu-central-1',
        credentials: (id) => (id === role.accessKeyId ? role.secretAccessKey : undefined),
        now: new Date(),
      },
    );
    expect(verified).toMatchObject({ ok: true });
  });

  it('asks another endpoint where there is one', async () => {
    const { sent, keys } = await read(secretOf(JSON.stringify(pair)), 'http://127.0.0.1:7000');
    await keys;
    expect(sent[0]).toMatchObject({ url: 'http://127.0.0.1:7000/', headers: { host: '127.0.0.1:7000' } });
  });

  it('takes nothing but the two keys', async () => {
    const { keys } = await read(secretOf(JSON.stringify({ ...pair, sessionToken: 't', note: 'of the team' })));
    expect(await keys).toEqual(pair);
  });

  it.each([
    ['AWS names of keys', '{"AWS_ACCESS_KEY_ID":"AK","AWS_SECRET_ACCESS_KEY":"hidden"}'],
    ['half of them', '{"accessKeyId":"AK"}'],
    ['an empty key', '{"accessKeyId":"AK","secretAccessKey":""}'],
    ['a number', '{"accessKeyId":"AK","secretAccessKey":7}'],
    ['no object', '"hidden"'],
    ['null', 'null'],
    ['no JSON', 'hidden: AK'],
    ['no text, as of a binary secret', undefined],
  ])('refuses %s, says the form, and does not repeat what is there', async (_, text) => {
    const { keys } = await read(secretOf(text));
    const error = await keys.catch((refused: Error) => refused);
    expect(String(error)).toBe('Error: the secret must be {"accessKeyId": "…", "secretAccessKey": "…"}');
    expect(String((error as Error).cause ?? '')).toBe('');
  });

  it.each([
    [
      400,
      '{"__type":"ResourceNotFoundException","Message":"no such secret"}',
      '400: ResourceNotFoundException: no such secret',
    ],
    [
      400,
      '{"__type":"AccessDeniedException","message":"not authorized"}',
      '400: AccessDeniedException: not authorized',
    ],
    [500, '<html>', '500'],
  ])('says what Secrets Manager answered: %i %s', async (status, body, reason) => {
    const { keys } = await read({ status, body });
    await expect(keys).rejects.toThrow(new Error(`Secrets Manager answered ${reason}`));
  });
});
