import { describe, expect, it } from '@jest/globals';
import {
  observationSettings,
  parseDistributionId,
  parseMaxAge,
  parsePresignLifetime,
  required,
  storeSettings,
} from '../../../lambda/http/settings.ts';
import { BadSetting } from '../../../lib/domain/problem.ts';

const environment = {
  BUCKET: 'tarballs',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  BASE_URL: 'https://channels.test/',
};

describe('the settings of both functions', () => {
  it('are read from the environment', () => {
    expect(storeSettings(environment)).toEqual({
      bucket: 'tarballs',
      region: 'eu-central-1',
      endpoint: undefined,
      pathStyle: undefined,
      baseUrl: 'https://channels.test',
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    });
  });

  it('may have a session token and an endpoint', () => {
    const more = { ...environment, AWS_SESSION_TOKEN: 'token', S3_ENDPOINT: 'http://localhost:9000' };
    expect(storeSettings(more)).toMatchObject({
      endpoint: 'http://localhost:9000',
      credentials: { sessionToken: 'token' },
    });
    expect(storeSettings({ ...environment, S3_ENDPOINT: '' }).endpoint).toBeUndefined();
  });

  it('may be those of a bucket that is not on AWS', () => {
    const more = { ...environment, S3_ENDPOINT: 'https://fsn1.your-objectstorage.com', S3_REGION: 'fsn1' };
    expect(storeSettings({ ...more, S3_PATH_STYLE: 'virtual' })).toMatchObject({
      region: 'fsn1',
      pathStyle: 'virtual',
    });
  });

  it.each(Object.keys(environment))('are refused by name without %s', (name) => {
    for (const value of [undefined, ''])
      expect(() => storeSettings({ ...environment, [name]: value })).toThrow(new BadSetting(name, 'is not set'));
  });

  it.each([
    ['BASE_URL', 'channels.test'],
    ['BASE_URL', 'https://channels.test/?a'],
    ['S3_ENDPOINT', 'nonsense'],
    ['S3_ENDPOINT', 'localhost:9000'],
    ['S3_ENDPOINT', 'ftp://s3.test'],
    ['S3_PATH_STYLE', 'auto'],
  ])('are refused by name where %s is %s', (name, value) => {
    expect(() => storeSettings({ ...environment, [name]: value })).toThrow(`${name} must be`);
  });

  it('have a maximum age in seconds', () => {
    expect([parseMaxAge('0'), parseMaxAge('60'), parseMaxAge('999999')]).toEqual([0, 60_000, 999_999_000]);
    for (const text of ['', '-1', '1.5', '1000000', 'a', ' 1']) expect(() => parseMaxAge(text)).toThrow(BadSetting);
  });

  it('are each required when asked for', () => {
    expect(required({ A: 'b' }, 'A')).toBe('b');
    expect(() => required({}, 'A')).toThrow('A is not set.');
  });
});

const sound = { STACK_NAME: 'NixChannelStack' };

describe('what is told of how to log and count', () => {
  it('has the name of the stack, and otherwise counts no channel by name', () => {
    expect(observationSettings(sound)).toEqual({ service: 'NixChannelStack', trackedChannels: [] });
    expect(observationSettings({ ...sound, METRIC_CHANNELS: 'a,b,a' })).toMatchObject({
      trackedChannels: ['a', 'b'],
    });
  });

  it.each([
    [{ STACK_NAME: '' }, 'STACK_NAME is not set'],
    [{ METRIC_CHANNELS: 'a b' }, 'METRIC_CHANNELS has "a b"'],
    [{ METRIC_CHANNELS: Array.from({ length: 21 }, (_, place) => `c${place}`).join() }, 'at most 20 channels'],
  ])('refuses %j', (wrong, message) => {
    expect(() => observationSettings({ ...sound, ...wrong })).toThrow(message);
  });
});

describe('the lifetime of presigned URLs', () => {
  it('is 15 minutes unless set', () => {
    expect([undefined, '', '60', '900'].map(parsePresignLifetime)).toEqual([900, 900, 60, 900]);
  });

  it.each(['59', '901', '9e2', '-60', '60.5', 'long'])('is refused by name: %s', (text) => {
    expect(() => parsePresignLifetime(text)).toThrow(
      'PRESIGN_LIFETIME_SECONDS must be a whole number of seconds from 60 to 900.',
    );
  });
});

describe('the ID of the distribution', () => {
  it('is absent where S3 delivers releases', () => {
    expect([undefined, '', 'EDFDVBD6EXAMPLE'].map(parseDistributionId)).toEqual([
      undefined,
      undefined,
      'EDFDVBD6EXAMPLE',
    ]);
  });

  it.each(['d123.cloudfront.net', 'arn:aws:cloudfront::1:distribution/E1', 'E 1'])('is refused by name: %s', (text) => {
    expect(() => parseDistributionId(text)).toThrow(
      'DELIVERY_DISTRIBUTION_ID must be the ID of a CloudFront distribution, such as EDFDVBD6EXAMPLE.',
    );
  });
});
