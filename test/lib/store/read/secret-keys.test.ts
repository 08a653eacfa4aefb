import { describe, expect, it } from '@jest/globals';
import { parseSecretArn, type SecretArn } from '../../../../lib/domain/aws.ts';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../../../lib/local/sigv4/verify.ts';
import type { Credentials } from '../../../../lib/store/read/presign.ts';
import type { StoreRequest, StoreResponse } from '../../../../lib/store/read/request.ts';
import { createSecretKeys, readSecret, storeKeysOf } from '../../../../lib/store/read/secret-keys.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { sha256 } from '../../../support/memory-bucket.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';
const role = { accessKeyId: 'role', secretAccessKey: 'secret of the role' };

async function read(answer: Partial<StoreResponse>, endpoint?: string) {
  const sent: StoreRequest[] = [];
  const text = readSecret({
    secret: parseSecretArn(arn) as SecretArn,
    endpoint,
    credentials: role,
    request: async (request) => {
      sent.push(request);
      return { status: 200, headers: {}, body: '{}', ...answer };
    },
  });
  return { sent, keys: text.then(storeKeysOf) };
}

const secretOf = (value: unknown) => ({ body: JSON.stringify({ ARN: arn, SecretString: value }) });
const pair = { accessKeyId: 'AK', secretAccessKey: 'SK' };

describe('reading the secret', () => {
  it('is one signed request to the region that the ARN names', async () => {
    const { sent, keys } = await read(secretOf(JSON.stringify(pair)));
    expect(await keys).toEqual(pair);
    const [{ url, method, headers = {}, body = '', timeoutMs }] = sent as [StoreRequest];
    expect([url, method, timeoutMs]).toEqual(['https://secretsmanager.eu-central-1.amazonaws.com/', 'POST', 2_000]);
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

const pairOf = (name: string): Credentials => ({ accessKeyId: name, secretAccessKey: `secret of ${name}` });

/** A secret whose content and failures the test decides. */
function rig() {
  const clock = new FakeClock();
  const state = { secret: pairOf('first'), failing: false, reads: 0, stale: [] as unknown[], renewed: [] as string[] };
  const keys = createSecretKeys({
    read: async () => {
      state.reads += 1;
      if (state.failing) throw new Error('the secret is away');
      return { ...state.secret };
    },
    areSame: (one, other) => one.accessKeyId === other.accessKeyId,
    unavailable: 'The keys cannot be read: try again.',
    now: clock.now,
    onStale: (cause) => state.stale.push(cause),
    onRenewed: ({ accessKeyId }) => state.renewed.push(accessKeyId),
  });
  return { clock, state, keys, renew: async () => keys.renew?.(await keys.get()) };
}

describe('keys that are kept in a secret', () => {
  it('are read once and then at hand', async () => {
    const { keys, state } = rig();
    await Promise.all([keys.get(), keys.get()]);
    expect(keys.get()).toEqual(pairOf('first'));
    expect([state.reads, keys.generation()]).toEqual([1, 0]);
  });

  it('are read again when they are old, and are of another generation only where they changed', async () => {
    const { keys, state, clock } = rig();
    const first = await keys.get();
    clock.advance(300_000);
    expect(await keys.get()).toBe(first);
    expect([state.reads, keys.generation()]).toEqual([2, 0]);
    state.secret = pairOf('second');
    clock.advance(300_000);
    expect(await keys.get()).toEqual(pairOf('second'));
    expect([keys.generation(), state.renewed]).toEqual([1, ['second']]);
  });

  it('are read again at once when the store refuses them, once for all who were refused', async () => {
    const { keys, state } = rig();
    const first = await keys.get();
    state.secret = pairOf('second');
    expect(await Promise.all([keys.renew?.(first), keys.renew?.(first)])).toEqual([true, true]);
    expect(await keys.renew?.(first)).toBe(true);
    expect([state.reads, keys.generation(), await keys.get()]).toEqual([2, 1, pairOf('second')]);
  });

  it('are read again for that at most once a minute', async () => {
    const { state, renew, clock } = rig();
    expect([await renew(), await renew()]).toEqual([false, false]);
    expect(state.reads).toBe(2);
    clock.advance(59_999);
    await renew();
    expect(state.reads).toBe(2);
    state.secret = pairOf('second');
    clock.advance(1);
    expect([await renew(), state.reads]).toEqual([true, 3]);
  });

  it('that cannot be read are 503 with the reason for the log, and are tried again after five seconds', async () => {
    const { keys, state, clock } = rig();
    state.failing = true;
    const refused = {
      status: 503,
      message: 'The keys cannot be read: try again.',
      cause: expect.objectContaining({ message: 'the secret is away' }),
    };
    await expect(keys.get()).rejects.toMatchObject(refused);
    clock.advance(4_999);
    await expect(keys.get()).rejects.toMatchObject(refused);
    expect(state.reads).toBe(1);
    state.failing = false;
    clock.advance(1);
    expect(await keys.get()).toEqual(pairOf('first'));
  });

  it('stay as they were, with a warning, while the secret cannot be read anew', async () => {
    const { keys, state, clock, renew } = rig();
    await keys.get();
    state.failing = true;
    clock.advance(300_000);
    expect(await keys.get()).toEqual(pairOf('first'));
    expect(await renew()).toBe(false);
    expect(state.stale.length).toBeGreaterThanOrEqual(2);
    expect(keys.generation()).toBe(0);
  });
});
