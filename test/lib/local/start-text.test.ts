import { describe, expect, it } from '@jest/globals';
import { localPublisher, localSettings as readSettings } from '../../../lib/local/local-settings.ts';
import { channelctlCommand, explainStart, startText } from '../../../lib/local/start-text.ts';
import { newKey } from '../../support/tokens.ts';

const localSettings = (environment: Record<string, string>) => readSettings(environment, () => newKey('EdDSA').pem);

const inCheckout = 'npm run -s channelctl --';

describe('the text that npm start prints', () => {
  const system = {
    origin: 'http://127.0.0.1:8080',
    baseUrl: 'http://127.0.0.1:8080',
    endpoint: 'http://localhost:9000',
    edge: undefined,
    publisher: localPublisher,
  };

  it('unsets the variables that would override the local keys', () => {
    expect(startText(system, localSettings({}), { AWS_SESSION_TOKEN: 'x' }, inCheckout)).toContain(
      'unset AWS_SESSION_TOKEN\n',
    );
    expect(startText(system, localSettings({}), {}, inCheckout)).not.toContain('unset');
  });

  it('has generated keys and the file that stores them', () => {
    const settings = { ...localSettings({ DATA_DIR: '/data' }), publisher: undefined };
    const generated = { accessKeyId: 'LOCAL1', secretAccessKey: 'made', region: 'us-east-1' };
    const text = startText({ ...system, publisher: generated }, settings, {}, inCheckout);
    expect(text).toContain('export AWS_ACCESS_KEY_ID=LOCAL1 AWS_SECRET_ACCESS_KEY=made AWS_REGION=us-east-1\n');
    expect(text).toContain('/data/publisher.json');
  });

  it('does not have a secret from the environment', () => {
    const environment = { PUBLISHER_ACCESS_KEY_ID: 'me', PUBLISHER_SECRET_ACCESS_KEY: 'sixteen-signs-16' };
    const settings = localSettings(environment);
    const text = startText(
      { ...system, publisher: settings.publisher ?? localPublisher },
      settings,
      environment,
      inCheckout,
    );
    expect(text).toContain('AWS_ACCESS_KEY_ID="$PUBLISHER_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$PUBLISHER_SECRET');
    expect(text).not.toContain('sixteen');
  });

  it('shows how to read private channels', () => {
    const text = startText(system, localSettings({ JWT_PUBLIC_KEY_FILES: 'key.pem' }), {}, inCheckout);
    expect(text).toContain('login http://127.0.0.1:8080');
    expect(text).not.toContain('nix flake metadata');
  });

  it('says that downloads come from the stand-in for CloudFront, where they do', () => {
    const text = startText({ ...system, edge: 'http://localhost:9080' }, localSettings({}), {}, inCheckout);
    expect(text).toContain('Downloads come from a stand-in for CloudFront at http://localhost:9080, by signed URLs.\n');
    expect(startText(system, localSettings({}), {}, inCheckout)).not.toContain('CloudFront');
  });

  it('does not mention the demo channel if there is none', () => {
    const text = startText(system, localSettings({ DEMO: '0' }), {}, inCheckout);
    expect(text).not.toContain('demo');
    expect(text).toContain('channelctl -- add CHANNEL');
  });

  it.each([
    [{ code: 'EADDRINUSE', port: 8080 }, /^Port 8080 is in use/],
    [{ code: 'EACCES', port: 80 }, /^Permission denied for port 80:/],
    [{ code: 'ELOCKED', message: 'locked by 12' }, /^locked by 12$/],
    [
      { name: 'InvalidAccessKeyId', message: 'no', $metadata: {} },
      /^Cannot access the bucket \(InvalidAccessKeyId: no\)/,
    ],
    [
      { name: 'Unknown', message: 'UnknownError', $metadata: { httpStatusCode: 403 } },
      /^Cannot access the bucket \(status 403\): check/,
    ],
    [{ stack: 'Error: defect\n    at x' }, /^Error: defect/],
  ])('explains the failure %j', (error, words) => {
    expect(explainStart(error)).toMatch(words);
  });
});

describe('the command that the text names', () => {
  const bin = '/home/me/trial/node_modules/.bin';

  it.each([
    ['a checkout', '/home/me/nix-channel-lambda/bin/local.ts', {}, inCheckout],
    [
      'npx',
      `${bin}/nix-channel-lambda`,
      { npm_lifecycle_event: 'npx', PATH: `${bin}:/bin` },
      'npx -p nix-channel-lambda channelctl',
    ],
    ['a folder of PATH', '/usr/local/bin/nix-channel-local', { PATH: '/bin:/usr/local/bin' }, 'channelctl'],
    ['a folder that PATH does not name', `${bin}/nix-channel-local`, { PATH: '/bin' }, `${bin}/channelctl`],
    ['the file itself', '/opt/nix-channel-lambda/local.js', {}, 'node /opt/nix-channel-lambda/channelctl.js'],
    ['a folder that a shell would split', "/home/it's me/local.js", {}, "node '/home/it'\\''s me/channelctl.js'"],
  ])('runs from %s', (_, script, environment, expected) => {
    expect(channelctlCommand(script, environment)).toBe(expected);
  });
});
