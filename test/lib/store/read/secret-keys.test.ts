import { describe, expect, it } from '@jest/globals';
import { createSecretKeys } from '../../../../lib/store/read/secret-keys.ts';
import type { Credentials } from '../../../../lib/store/read/store-keys.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const pair = (name: string): Credentials => ({ accessKeyId: name, secretAccessKey: `secret of ${name}` });

/** A secret whose content and failures the test decides. */
function rig() {
  const clock = new FakeClock();
  const state = { secret: pair('first'), failing: false, reads: 0, stale: [] as unknown[], renewed: [] as string[] };
  const keys = createSecretKeys({
    read: async () => {
      state.reads += 1;
      if (state.failing) throw new Error('the secret is away');
      return { ...state.secret };
    },
    now: clock.now,
    onStale: (cause) => state.stale.push(cause),
    onRenewed: (accessKeyId) => state.renewed.push(accessKeyId),
  });
  return { clock, state, keys, renew: async () => keys.renew?.(await keys.get()) };
}

describe('keys that are kept in a secret', () => {
  it('are read once and then at hand', async () => {
    const { keys, state } = rig();
    await Promise.all([keys.get(), keys.get()]);
    expect(keys.get()).toEqual(pair('first'));
    expect([state.reads, keys.generation()]).toEqual([1, 0]);
  });

  it('are read again when they are old, and are of another generation only where they changed', async () => {
    const { keys, state, clock } = rig();
    const first = await keys.get();
    clock.advance(300_000);
    expect(await keys.get()).toBe(first);
    expect([state.reads, keys.generation()]).toEqual([2, 0]);
    state.secret = pair('second');
    clock.advance(300_000);
    expect(await keys.get()).toEqual(pair('second'));
    expect([keys.generation(), state.renewed]).toEqual([1, ['second']]);
  });

  it('are read again at once when the store refuses them, once for all who were refused', async () => {
    const { keys, state } = rig();
    const first = await keys.get();
    state.secret = pair('second');
    expect(await Promise.all([keys.renew?.(first), keys.renew?.(first)])).toEqual([true, true]);
    expect(await keys.renew?.(first)).toBe(true);
    expect([state.reads, keys.generation(), await keys.get()]).toEqual([2, 1, pair('second')]);
  });

  it('are read again for that at most once a minute', async () => {
    const { state, renew, clock } = rig();
    expect([await renew(), await renew()]).toEqual([false, false]);
    expect(state.reads).toBe(2);
    clock.advance(59_999);
    await renew();
    expect(state.reads).toBe(2);
    state.secret = pair('second');
    clock.advance(1);
    expect([await renew(), state.reads]).toEqual([true, 3]);
  });

  it('that cannot be read are 503 with the reason for the log, and are tried again after five seconds', async () => {
    const { keys, state, clock } = rig();
    state.failing = true;
    const refused = { status: 503, cause: expect.objectContaining({ message: 'the secret is away' }) };
    await expect(keys.get()).rejects.toMatchObject(refused);
    clock.advance(4_999);
    await expect(keys.get()).rejects.toMatchObject(refused);
    expect(state.reads).toBe(1);
    state.failing = false;
    clock.advance(1);
    expect(await keys.get()).toEqual(pair('first'));
  });

  it('stay as they were, with a warning, while the secret cannot be read anew', async () => {
    const { keys, state, clock, renew } = rig();
    await keys.get();
    state.failing = true;
    clock.advance(300_000);
    expect(await keys.get()).toEqual(pair('first'));
    expect(await renew()).toBe(false);
    expect(state.stale.length).toBeGreaterThanOrEqual(2);
    expect(keys.generation()).toBe(0);
  });
});
