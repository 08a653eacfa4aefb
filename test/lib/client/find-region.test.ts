import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findRegion } from '../../../lib/client/find-region.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const url = 'https://abc.execute-api.ap-south-1.amazonaws.com';
const before = { ...process.env };
beforeEach(() => {
  process.env.AWS_CONFIG_FILE = directory.file('config', '[profile ci]\nregion = eu-west-3\n');
  process.env.AWS_SHARED_CREDENTIALS_FILE = directory.file('credentials', '');
  delete process.env.AWS_REGION;
  delete process.env.AWS_PROFILE;
});
afterEach(() => {
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_REGION', 'AWS_PROFILE'])
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
});

describe('the region of the API', () => {
  it('is the one that is given, before all others', async () => {
    process.env.AWS_REGION = 'eu-west-1';
    expect(await findRegion(url, 'us-east-1', 'ci')).toBe('us-east-1');
  });

  it('is that of AWS_REGION', async () => {
    process.env.AWS_REGION = 'eu-west-1';
    expect(await findRegion('https://channels.test', undefined, undefined)).toBe('eu-west-1');
  });

  it('is that of the profile', async () => {
    expect(await findRegion('https://channels.test', undefined, 'ci')).toBe('eu-west-3');
  });

  it.each([
    [url, 'ap-south-1'],
    ['https://abc.execute-api.cn-north-1.amazonaws.com.cn/stage', 'cn-north-1'],
  ])("is in the API's own host name: %s", async (address, region) => {
    expect(await findRegion(address, undefined, undefined)).toBe(region);
  });

  it('is asked for where nobody knows it', async () => {
    for (const address of ['https://channels.test', 'https://abc.execute-api.eu-west-1.amazonaws.com.evil.test'])
      await expect(findRegion(address, undefined, undefined)).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('give --region, or set AWS_REGION'),
      });
  });
});
