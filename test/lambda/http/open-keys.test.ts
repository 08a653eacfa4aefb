import { describe, expect, it } from '@jest/globals';
import { openKeys, secretSettings } from '../../../lambda/http/open-keys.ts';
import { parseSecretArn, type SecretArn } from '../../../lib/domain/aws.ts';
import { fixedKeys } from '../../../lib/store/read/presign.ts';
import type { StoreResponse } from '../../../lib/store/read/request.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { logLines } from '../../support/log-lines.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';
const credentials = { accessKeyId: 'role', secretAccessKey: 'secret of the role' };

async function rig(...answers: readonly Pick<StoreResponse, 'status' | 'body'>[]) {
  const clock = new FakeClock();
  const { lines, log } = logLines();
  let asked = 0;
  const keys = await openKeys({
    own: fixedKeys(credentials),
    secret: { secret: parseSecretArn(arn) as SecretArn, endpoint: undefined },
    request: async () => {
      asked += 1;
      return { headers: {}, ...(answers[asked - 1] ?? { status: 500, body: '' }) };
    },
    now: clock.now,
    log,
  });
  return { clock, keys, lines, asked: () => asked };
}

const holds = (accessKeyId: string) => ({
  status: 200,
  body: JSON.stringify({ SecretString: JSON.stringify({ accessKeyId, secretAccessKey: 'hidden' }) }),
});

describe('the secret with the keys of a bucket that is not on AWS', () => {
  it('is named by its ARN, and may have an endpoint', () => {
    const named = { CREDENTIALS_SECRET_ARN: arn };
    expect(secretSettings(named)).toEqual({ secret: { arn, region: 'eu-central-1' }, endpoint: undefined });
    const endpoint = 'https://vpce-1.secretsmanager.eu-central-1.vpce.amazonaws.com';
    expect(secretSettings({ ...named, AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint })).toMatchObject({ endpoint });
  });

  it.each([[{}], [{ CREDENTIALS_SECRET_ARN: '' }]])('does not exist with %j', (environment) => {
    expect(secretSettings(environment)).toBeUndefined();
  });

  it('is refused by name where the ARN is not complete', () => {
    expect(() => secretSettings({ CREDENTIALS_SECRET_ARN: 'bucket' })).toThrow('CREDENTIALS_SECRET_ARN must be');
  });
});

describe("the bucket's keys", () => {
  it("are the role's own where there is no secret, and nothing is asked", async () => {
    const keys = await openKeys({
      own: fixedKeys(credentials),
      secret: undefined,
      request: () => Promise.reject(new Error('it asked')),
      now: Date.now,
      log: () => {},
    });
    expect(keys.get()).toBe(credentials);
    expect([keys.generation(), keys.renew]).toEqual([0, undefined]);
  });

  it('are read from the secret at the start', async () => {
    const { keys, asked } = await rig(holds('AK'));
    expect(asked()).toBe(1);
    expect(keys.get()).toEqual({ accessKeyId: 'AK', secretAccessKey: 'hidden' });
  });

  it('that cannot be read do not end the start: the log has the reason, and they are read on use', async () => {
    const denied = { status: 400, body: '{"__type":"AccessDeniedException","Message":"not authorized"}' };
    const { keys, clock, lines } = await rig(denied, holds('AK'));
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        key: arn,
        error: expect.stringContaining('Secrets Manager answered 400: AccessDeniedException: not authorized'),
      }),
    ]);
    await expect(keys.get()).rejects.toMatchObject({ status: 503 });
    clock.advance(5_000);
    expect(await keys.get()).toMatchObject({ accessKeyId: 'AK' });
  });

  it('that were replaced are told in the log by their id alone', async () => {
    const { keys, clock, lines } = await rig(holds('AK'), holds('BK'));
    clock.advance(300_000);
    await keys.get();
    expect(lines).toEqual([{ level: 'info', message: 'keys renewed', key: arn, accessKeyId: 'BK' }]);
  });
});
