import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BadSetting } from '../../../lib/domain/problem.ts';
import { localPublisher, localSettings as readSettings } from '../../../lib/local/local-settings.ts';
import { localRows } from '../../../lib/local/local-variables.ts';
import { newKey } from '../../support/tokens.ts';

const { pem } = newKey('EdDSA');

const localSettings = (environment: Record<string, string>) =>
  readSettings(environment, (path) => (path === 'key.pem' ? pem : ''));

describe('the settings of the local system', () => {
  it('are these when nothing is set', () => {
    expect(localSettings({})).toEqual({
      port: 8080,
      s3Port: 9000,
      delivery: 'bucket',
      edgePort: 9080,
      dataDir: '.local',
      baseUrl: undefined,
      bucket: 'nix-channels',
      channelMaxAge: 0,
      presignLifetime: 900,
      retiredDays: 30,
      demo: true,
      publisher: localPublisher,
      log: undefined,
      trackedChannels: [],
      jwt: undefined,
      store: undefined,
      conditionalWrites: 'required',
      partChecksum: 'sha256',
    });
  });

  it('take AWS_* for the bucket only where S3_ENDPOINT is set', () => {
    const keys = {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'eu-west-1',
    };
    expect(localSettings(keys).store).toBeUndefined();
    expect(localSettings({ ...keys, S3_ENDPOINT: 'https://s3.example.org' }).store).toEqual({
      endpoint: 'https://s3.example.org',
      region: 'eu-west-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' },
    });
  });

  it.each([
    ['no keys are set', {}],
    [
      'a profile is set, as in the SDK',
      { AWS_PROFILE: 'dev', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
    ],
  ])('leave the keys of a real server to the credential chain where %s', (_, keys) => {
    const { store } = localSettings({ ...keys, S3_ENDPOINT: 'https://s3.example.org' });
    expect(store).toMatchObject({ endpoint: 'https://s3.example.org', credentials: undefined });
  });

  it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])('refuse %s without the other half of the keys', (name) => {
    expect(() => localSettings({ [name]: 'half', S3_ENDPOINT: 'https://s3.example.org' })).toThrow(
      'S3_ENDPOINT is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together.',
    );
  });

  it('put no demo into a real server unless asked to, and leave its channels to their age', () => {
    const real = { S3_ENDPOINT: 'https://s3.example.org', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(localSettings(real)).toMatchObject({ demo: false, channelMaxAge: 30_000 });
    expect(localSettings({ ...real, DEMO: '1' }).demo).toBe(true);
    expect(localSettings({ CHANNEL_MAX_AGE_SECONDS: '7', DEMO: '' })).toMatchObject({
      demo: true,
      channelMaxAge: 7_000,
    });
  });

  it('take the publisher from PUBLISHER_*, and have no known keys for a real server', () => {
    const own = { PUBLISHER_ACCESS_KEY_ID: 'me', PUBLISHER_SECRET_ACCESS_KEY: 'sixteen-signs-16' };
    const publisher = { accessKeyId: 'me', secretAccessKey: 'sixteen-signs-16', region: 'us-east-1' };
    const real = { S3_ENDPOINT: 'https://s3.example.org', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(localSettings(own).publisher).toEqual(publisher);
    expect(localSettings({ ...real, ...own }).publisher).toEqual(publisher);
    expect(localSettings(real).publisher).toBeUndefined();
  });

  it.each([
    [{ PUBLISHER_ACCESS_KEY_ID: 'local' }, 'PUBLISHER_SECRET_ACCESS_KEY'],
    [{ PUBLISHER_ACCESS_KEY_ID: 'local', PUBLISHER_SECRET_ACCESS_KEY: 'local' }, 'PUBLISHER_SECRET_ACCESS_KEY'],
    [{ PUBLISHER_ACCESS_KEY_ID: 'a', PUBLISHER_SECRET_ACCESS_KEY: 'sixteen signs 16' }, 'PUBLISHER_SECRET_ACCESS_KEY'],
    [{ PUBLISHER_SECRET_ACCESS_KEY: 'sixteen-signs-16' }, 'PUBLISHER_ACCESS_KEY_ID'],
    [{ PUBLISHER_ACCESS_KEY_ID: 'a/b', PUBLISHER_SECRET_ACCESS_KEY: 'sixteen-signs-16' }, 'PUBLISHER_ACCESS_KEY_ID'],
  ])(
    'refuse the publisher %j, and do not print the secret',
    (environment: Record<string, string | undefined>, name) => {
      const { PUBLISHER_SECRET_ACCESS_KEY: secret = 'sixteen-signs-16' } = environment;
      const read = () => localSettings(environment as Record<string, string>);
      expect(read).toThrow(new RegExp(`^${name} must .*\\.$`));
      if (secret !== 'local') expect(read).not.toThrow(secret);
    },
  );

  it('are accepted or refused by name, whatever a variable contains', () => {
    const names = [...localRows()].map((row) => /`(\w+)`/.exec(row)?.[1] as string);
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.integer().map(String),
      fc.webUrl(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), texts, (name, text) => {
        try {
          localSettings({ [name]: text });
        } catch (error) {
          expect(error).toBeInstanceOf(BadSetting);
          expect((error as Error).message).toContain(name.replace(/^PUBLISHER_.*/, 'PUBLISHER_'));
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['PORT', '65536'],
    ['DEMO', 'no'],
    ['LOG', 'xml'],
    ['PORT', '-1'],
    ['PORT', '80a'],
    ['S3_PORT', '1.5'],
    ['CHANNEL_MAX_AGE_SECONDS', 'soon'],
    ['PRESIGN_LIFETIME_SECONDS', '901'],
    ['BASE_URL', 'ftp://nix.example.org'],
    ['BASE_URL', 'https://nix.example.org/?a=b'],
    ['BASE_URL', 'https://user:secret@nix.example.org'],
    ['CONDITIONAL_WRITES', 'optional'],
    ['PART_CHECKSUM', 'crc32'],
    ['S3_ENDPOINT', 'localhost:9000'],
    ['JWT_PUBLIC_KEY_FILES', 'empty.pem'],
    ['JWT_AUDIENCE', 'nix'],
    ['JWT_PUBLIC_KEY_FILE', 'key.pem'],
  ])('are refused by name: %s=%s', (name, value) => {
    expect(() => localSettings({ [name]: value })).toThrow(new RegExp(`^${name} .*\\.$`));
  });
});

describe('private channels', () => {
  it('are asked for by the keys of tokens', () => {
    expect(localSettings({ JWT_PUBLIC_KEY_FILES: 'key.pem', JWT_DEFAULT_SCOPE: 'none' }).jwt).toEqual({
      keys: { pems: [pem], defaultScope: 'none' },
      leewaySeconds: 30,
    });
  });
});
