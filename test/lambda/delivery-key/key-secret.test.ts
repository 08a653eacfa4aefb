import { describe, expect, it } from '@jest/globals';
import { openKeySecret } from '../../../lambda/delivery-key/key-secret.ts';
import { verifySignature } from '../../../lib/local/sigv4/verify.ts';
import type { StoreRequest, StoreResponse } from '../../../lib/store/read/request.ts';
import { sha256 } from '../../support/memory-bucket.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:DeliveryKey-AbC123';
const credentials = { accessKeyId: 'role', secretAccessKey: 'of the role' };

function rig(answer: Partial<StoreResponse>, givenArn = arn, session = {}) {
  const requests: StoreRequest[] = [];
  const secret = openKeySecret({
    arn: givenArn,
    endpoint: undefined,
    credentials: { ...credentials, ...session },
    async request(request) {
      requests.push(request);
      return { status: 200, headers: {}, body: '{}', ...answer };
    },
  });
  return { secret, requests };
}

const error = (__type: string, Message = 'the message') => ({
  status: 400,
  body: JSON.stringify({ __type, Message }),
});

describe('openKeySecret', () => {
  it('sends signed requests to the region of the secret', async () => {
    const { secret, requests } = rig({ body: JSON.stringify({ SecretString: 'value' }) });

    expect(await secret.read()).toBe('value');
    expect(await secret.create('new', 'token-1')).toBe(true);
    expect(requests.map(({ url, headers }) => [url, headers?.['x-amz-target']])).toEqual([
      ['https://secretsmanager.eu-central-1.amazonaws.com/', 'secretsmanager.GetSecretValue'],
      ['https://secretsmanager.eu-central-1.amazonaws.com/', 'secretsmanager.PutSecretValue'],
    ]);
    expect(requests.map(({ body }) => JSON.parse(body ?? ''))).toEqual([
      { SecretId: arn },
      { SecretId: arn, SecretString: 'new', ClientRequestToken: 'token-1' },
    ]);
    for (const { method, headers = {}, body = '' } of requests)
      expect(
        verifySignature(
          {
            method,
            rawPath: '/',
            rawQuery: '',
            headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
            payloadHash: sha256(body),
          },
          {
            service: 'secretsmanager',
            region: 'eu-central-1',
            credentials: () => credentials.secretAccessKey,
            now: new Date(),
          },
        ),
      ).toMatchObject({ ok: true });
  });

  it('sends the session token of the role', async () => {
    const { secret, requests } = rig({ body: '{}' }, arn, { sessionToken: 'session' });
    await secret.read();

    expect(requests[0]?.headers?.['x-amz-security-token']).toBe('session');
  });

  it.each(['ResourceNotFoundException', 'com.amazonaws.secretsmanager#ResourceNotFoundException'])(
    'finds no value after %s',
    async (type) => {
      expect(await rig(error(type)).secret.read()).toBeUndefined();
    },
  );

  it('tells a repeat that came later from one that is refused', async () => {
    expect(await rig(error('ResourceExistsException')).secret.create('new', 'token')).toBe(false);
    await expect(rig(error('ResourceNotFoundException')).secret.create('new', 'token')).rejects.toThrow(
      /^Secrets Manager answered 400 to PutSecretValue: ResourceNotFoundException: the message$/,
    );
  });

  it.each([
    ['says why', error('AccessDeniedException'), 'answered 400 to GetSecretValue: AccessDeniedException: the message'],
    ['has no JSON', { status: 502, body: '<html>value</html>' }, /answered 502 to GetSecretValue$/],
  ])('throws if the answer %s', async (_, answer, message) => {
    await expect(rig(answer).secret.read()).rejects.toThrow(message);
  });

  it('throws for what is not a complete ARN, without a request', async () => {
    const { secret, requests } = rig({}, 'DeliveryKey');

    await expect(secret.read()).rejects.toThrow('The property SecretArn is not the complete ARN of a secret');
    expect(requests).toEqual([]);
  });
});
