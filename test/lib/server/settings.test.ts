import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseListenAddress, type ServerFlags, serverSettings } from '../../../lib/server/settings.ts';
import { newKey } from '../../support/tokens.ts';

const key = newKey('RS256');
const flags: ServerFlags = { bucket: 'b', baseUrl: 'https://channels.example.com' };

const settingsOf = (
  given: ServerFlags = {},
  environment: Readonly<Record<string, string>> = { AWS_REGION: 'eu-west-1' },
) =>
  serverSettings(
    { ...flags, ...given },
    {
      environment,
      readFile: (path) => {
        if (path === 'key.pem') return key.pem;
        throw Object.assign(new Error(), { code: 'ENOENT' });
      },
      readPublishers: () => [],
      cores: 3,
      isTerminal: false,
    },
  );

describe('the settings of the server', () => {
  it('have the flags of s3-nix-channel, and the variables of the AWS SDKs', () => {
    const settings = settingsOf(
      { listen: ['0.0.0.0:3000', '[::1]:3001'], configUpdateSeconds: '3600', jwtPem: ['key.pem'] },
      { AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL: 'https://s3.example.com' },
    );
    expect(settings).toMatchObject({
      listen: [
        { host: '0.0.0.0', port: 3000 },
        { host: '::1', port: 3001 },
      ],
      bucket: 'b',
      baseUrl: 'https://channels.example.com',
      channelMaxAgeMs: 3_600_000,
      region: 'eu-central-1',
      endpoint: 'https://s3.example.com',
      jwt: { keys: { pems: [key.pem], defaultScope: 'all' } },
    });
  });

  it('stand without flags and variables that nobody needs', () => {
    expect(settingsOf()).toMatchObject({
      listen: [],
      metricsListen: undefined,
      jwt: undefined,
      publishers: undefined,
      workers: 3,
      channelMaxAgeMs: 30_000,
      drainMs: 0,
      log: 'json',
    });
    expect(settingsOf({}, { AWS_ENDPOINT_URL: 'https://s3.example.com' }).region).toBe('us-east-1');
  });

  it.each<[ServerFlags, Record<string, string>, RegExp]>([
    [{ bucket: '' }, {}, /^--bucket is missing/],
    [{ baseUrl: 'channels.example.com' }, {}, /^--base-url must be an http:\/\/ or https:\/\/ URL/],
    [{ listen: ['3000'] }, {}, /^--listen must be ADDRESS:PORT/],
    [{ metricsListen: 'localhost:70000' }, {}, /^--metrics-listen must be ADDRESS:PORT/],
    [{ workers: '0' }, {}, /^--workers must be a whole number from 1/],
    [{ drainSeconds: '9' }, {}, /^--drain-seconds must be a whole number of seconds from 0 to 8/],
    [{ log: 'xml' }, {}, /^--log must be text or json/],
    [{ jwtPem: ['none.pem'] }, {}, /^--jwt-pem names "none.pem", which cannot be read \(ENOENT\)/],
    [
      { jwtPem: ['key.pem'] },
      { JWT_PUBLIC_KEY_FILES: 'key.pem' },
      /^--jwt-pem is given, and JWT_PUBLIC_KEY_FILES is set/,
    ],
    [{}, { JWT_PUBLIC_KEY_FILE: 'key.pem' }, /^JWT_PUBLIC_KEY_FILE is not a setting/],
    [{}, { AWS_REGION: '' }, /^AWS_REGION is not set/],
    [{}, { AWS_ENDPOINT_URL: 's3.example.com' }, /^AWS_ENDPOINT_URL must be an http:\/\/ or https:\/\/ URL/],
    [{}, { AWS_ENDPOINT_URL: 'http://s3.example.com' }, /^AWS_ENDPOINT_URL begins with http:\/\/ but --base-url/],
    [{ publishers: 'p' }, { CONDITIONAL_WRITES: 'serialised' }, /^CONDITIONAL_WRITES is "serialised", so one process/],
  ])('are refused where they are wrong: %j %j', (given, environment, expected) => {
    expect(() => settingsOf(given, { AWS_REGION: 'eu-west-1', ...environment })).toThrow(expected);
  });

  it('take every IP address and name with a port, and nothing else', () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.domain(),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 65_535 }), (name, port) => {
        expect(parseListenAddress(`${name}:${port}`)).toEqual({ host: name.replace(/[[\]]/g, ''), port });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { host, port } = parseListenAddress(text) ?? { host: '', port: 0 };
        expect([`${host}:${port}`.length <= Math.max(text.length, 2), port <= 65_535]).toEqual([true, true]);
      }),
    );
  });
});
