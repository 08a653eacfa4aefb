import { describe, expect, it } from '@jest/globals';
import { explainedCredentials } from '../../../../lib/client/api/credentials.ts';

describe('credentials', () => {
  it('are passed on', async () => {
    const keys = { accessKeyId: 'key', secretAccessKey: 'secret' };
    expect(await explainedCredentials(async () => keys)()).toBe(keys);
  });

  it('that are missing are explained', async () => {
    const provider = explainedCredentials(() => Promise.reject(new Error('Could not load credentials')));
    await expect(provider()).rejects.toMatchObject({
      status: 401,
      code: 'no-credentials',
      message: expect.stringMatching(
        /^No AWS credentials: set AWS_ACCESS_KEY_ID .*--profile \(Could not load credentials\)\.$/,
      ),
    });
  });

  it('that a profile was to give are explained by its name', async () => {
    const provider = explainedCredentials(() => Promise.reject(new Error('Could not load credentials')), 'nope');
    await expect(provider()).rejects.toMatchObject({
      message: expect.stringMatching(/^No AWS credentials by the profile "nope": .*\(Could not load credentials\)\.$/),
    });
  });
});
