import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningS3, startS3 } from '../../lib/local/s3/server.ts';
import { deliveryKeyPair } from '../support/delivery-key.ts';
import { gatewayEvent } from '../support/gateway-event.ts';
import { role, type SecretsManager, startSecretsManager } from '../support/secrets-manager.ts';
import { shippedFunctions } from '../support/shipped-function.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { type TlsFront, tlsFront } from '../support/tls-front.ts';

const region = 'eu-central-1';

describe('the read function as it is shipped, with delivery by CloudFront', () => {
  let data: TemporaryDirectory;
  let s3: RunningS3;
  let bucket: TestSystem;
  let secrets: SecretsManager;
  let fronts: readonly [TlsFront, TlsFront];
  const start = shippedFunctions({ channelMaxAgeSeconds: 0 });

  beforeAll(async () => {
    data = temporaryDirectory();
    secrets = await startSecretsManager();
    s3 = await startS3({
      dataDir: data.path,
      hosts: ['127.0.0.1', '::1'],
      port: 0,
      region,
      credentials: (id) => (id === role.accessKeyId ? role.secretAccessKey : undefined),
    });
    bucket = await startTestSystem({ store: { endpoint: `http://localhost:${s3.port}`, region, credentials: role } });
    await bucket.lay('channels.json', { channels: ['demo'] });
    await bucket.lay('demo.json', { latest: 'demo-1' });
    await bucket.lay('demo-1.tar.xz', 'the release');
    fronts = [await tlsFront(`http://localhost:${s3.port}`), await tlsFront(secrets.endpoint)];
  });
  afterAll(async () => {
    for (const front of fronts) await front.close();
    await bucket.close();
    await s3.close();
    await secrets.close();
    data.remove();
  });

  const serving = (variables: Readonly<Record<string, string>> = {}) =>
    start('Serve', {
      BUCKET: bucket.bucket,
      BASE_URL: 'https://nix.example.org',
      S3_ENDPOINT: fronts[0].endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: role.accessKeyId,
      AWS_SECRET_ACCESS_KEY: role.secretAccessKey,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: fronts[1].endpoint,
      DELIVERY_URL: 'https://d123.cloudfront.net',
      DELIVERY_SECRET: secrets.secret.arn,
      ...variables,
    });

  async function ask(variables: Readonly<Record<string, string>>, ...paths: readonly string[]) {
    const serve = await serving(variables);
    const answers = [];
    for (const path of paths) {
      const [rawPath = '', method = 'GET'] = path.split(' ').reverse();
      const routeKey = `${method} /${rawPath.split('/')[1]}/{name}`;
      answers.push(await serve.call(gatewayEvent({ routeKey, method, rawPath })));
    }
    await serve.close();
    return { answers, written: serve.written() };
  }

  it('leads to CloudFront with the key of the secret, which is read once and never logged', async () => {
    const pair = deliveryKeyPair();
    secrets.value = pair.secret('K2JCJMDEHXQW5F');
    const before = secrets.asked();
    const { answers, written } = await ask({}, '/channel/demo.tar.xz', '/permanent/demo-1.tar.xz');
    expect(answers.map(({ statusCode, headers }) => [statusCode, headers?.location])).toEqual([
      [307, 'https://nix.example.org/permanent/demo-1.tar.xz'],
      [
        307,
        expect.stringMatching(
          /^https:\/\/d123\.cloudfront\.net\/demo-1\.tar\.xz\?Expires=\d+&Signature=[\w~-]+&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256$/,
        ),
      ],
    ]);
    expect(secrets.asked()).toBe(before + 1);
    expect(written).not.toMatch(/PRIVATE KEY|Signature=|secret of the role/);
  });

  it('signs with a PEM alone, whose id is a setting', async () => {
    secrets.value = deliveryKeyPair().privateKey;
    const { answers } = await ask({ DELIVERY_KEY_ID: 'K7' }, '/permanent/demo-1.tar.xz');
    expect(answers[0]?.headers?.location).toContain('&Key-Pair-Id=K7&');
  });

  it('answers what needs no signature while the secret cannot be read, and 503 to downloads', async () => {
    secrets.value = undefined;
    const paths = ['/channel/demo.tar.xz', 'HEAD /permanent/demo-1.tar.xz', '/permanent/demo-1.tar.xz'];
    const { answers, written } = await ask({}, ...paths);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([307, 200, 503]);
    expect(answers[2]?.body).toBe('The key that signs downloads cannot be read: try again.\n');
    expect(written).toContain('role is not authorized');
  });

  it('does not start with a damaged secret, and says what to do', async () => {
    secrets.value = deliveryKeyPair('P-384').secret('K1');
    await expect(serving()).rejects.toThrow(
      'DELIVERY_SECRET names a secret that is damaged: it has a key that CloudFront does not accept, only ECDSA P-256 and RSA 2048: create one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256.',
    );
  });

  it('does not start with a DELIVERY_URL that is no origin', async () => {
    await expect(serving({ DELIVERY_URL: 'd123.cloudfront.net' })).rejects.toThrow(
      'DELIVERY_URL must be an https:// origin without a path',
    );
  });

  it('leads to the bucket where DELIVERY_URL is empty, and reads no secret', async () => {
    const before = secrets.asked();
    const { answers } = await ask({ DELIVERY_URL: '' }, '/permanent/demo-1.tar.xz');
    expect(answers[0]?.headers?.location).toContain('X-Amz-Signature=');
    expect(secrets.asked()).toBe(before);
  });
});
