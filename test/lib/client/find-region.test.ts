import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findRegion } from '../../../lib/client/find-region.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

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

describe('the region', () => {
  it('is the one that is given, before all others', async () => {
    process.env.AWS_REGION = 'eu-west-1';
    expect(await findRegion('it', 'ap-south-1', { region: 'us-east-1', profile: 'ci' })).toBe('us-east-1');
  });

  it('is the one that is known, before that of the environment', async () => {
    process.env.AWS_REGION = 'eu-west-1';
    expect(await findRegion('it', 'ap-south-1', {})).toBe('ap-south-1');
  });

  it('is that of AWS_REGION', async () => {
    process.env.AWS_REGION = 'eu-west-1';
    expect(await findRegion('it', undefined, { profile: 'ci' })).toBe('eu-west-1');
  });

  it('is that of the profile', async () => {
    expect(await findRegion('it', undefined, { profile: 'ci' })).toBe('eu-west-3');
  });

  it('is asked for where nobody knows it', async () => {
    await expect(findRegion('https://channels.test', undefined, {})).rejects.toMatchObject({
      status: 400,
      message: 'No AWS region is known for https://channels.test: give --region, or set AWS_REGION.',
    });
  });
});
