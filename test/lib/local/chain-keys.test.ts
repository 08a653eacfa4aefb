import { describe, expect, it } from '@jest/globals';
import { chainKeys } from '../../../lib/local/chain-keys.ts';
import type { Credentials } from '../../../lib/store/read/presign.ts';

const temporary = (accessKeyId: string): Credentials => ({ accessKeyId, secretAccessKey: 'hidden', sessionToken: 't' });

describe('the keys of a credential chain', () => {
  it('asks the provider each time, and counts new keys as a new generation', async () => {
    const found = ['first', 'first', 'first', 'second', 'second'];
    const keys = await chainKeys(async () => temporary(found.shift() ?? ''));
    expect([await keys.get(), await keys.get()]).toEqual([temporary('first'), temporary('first')]);
    expect(keys.generation()).toBe(0);
    expect([await keys.get(), keys.generation()]).toEqual([temporary('second'), 1]);
    expect([await keys.get(), keys.generation()]).toEqual([temporary('second'), 1]);
  });

  it('refuses to start without credentials, and says why and what to set', async () => {
    await expect(chainKeys(() => Promise.reject(new Error('No provider had any.')))).rejects.toThrow(
      'S3_ENDPOINT is set, but no AWS credentials were found (No provider had any): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
    );
  });

  it('answers 503 while expired credentials cannot be renewed, and goes on afterwards', async () => {
    let isExpired = false;
    const keys = await chainKeys(async () => {
      if (isExpired) throw new Error('The SSO session has expired');
      return temporary('first');
    });
    isExpired = true;
    await expect(keys.get()).rejects.toMatchObject({ status: 503, cause: { message: 'The SSO session has expired' } });
    isExpired = false;
    expect(await keys.get()).toEqual(temporary('first'));
  });
});
