import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { XMLParser } from 'fast-xml-parser';
import { type Gateway, startGateway } from '../../lib/local/gateway/start-gateway.ts';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { headerValues } from '../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../lib/local/sigv4/verify.ts';
import { launch } from '../support/launch.ts';
import { publisherEnvironment } from '../support/launch-publish.ts';
import { sha256 } from '../support/memory-bucket.ts';
import { type ShippedFunction, shippedFunctions } from '../support/shipped-function.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const distributionId = 'EDFDVBD6EXAMPLE';
const { accessKeyId, secretAccessKey } = localPublisher;
const namespace = 'xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"';

/** CloudFront's CreateInvalidation for one distribution, with the signature verified and the XML parsed. */
async function startCloudFront() {
  const batches: unknown[] = [];
  const failure = (code: string): string =>
    `<ErrorResponse ${namespace}><Error><Type>Sender</Type><Code>${code}</Code><Message>${code} it is</Message></Error></ErrorResponse>`;
  const standIn = { allows: true };
  const answer = ({ method = '', url = '', rawHeaders }: http.IncomingMessage, body: string): [number, string] => {
    const headers = headerValues(rawHeaders);
    const { ok } = verifySignature(
      { method, rawPath: url, rawQuery: '', headers, payloadHash: sha256(body) },
      {
        service: 'cloudfront',
        region: 'us-east-1',
        credentials: (id) => (id === accessKeyId ? secretAccessKey : undefined),
        now: new Date(),
      },
    );
    if (!ok) return [403, failure('SignatureDoesNotMatch')];
    if (!standIn.allows) return [403, failure('AccessDenied')];
    if (`${method} ${url}` !== `POST /2020-05-31/distribution/${distributionId}/invalidation`)
      return [404, failure('NoSuchDistribution')];
    batches.push(new XMLParser({ ignoreDeclaration: true, ignoreAttributes: false }).parse(body));
    return [201, `<Invalidation ${namespace}><Id>I${batches.length}</Id><Status>InProgress</Status></Invalidation>`];
  };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const [status, body] = answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(standIn, {
    batches,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

describe('a takedown by the command, with the publish function as it is shipped with delivery by CloudFront', () => {
  let system: TestSystem;
  let publish: ShippedFunction;
  let gateway: Gateway;
  let cloudFront: Awaited<ReturnType<typeof startCloudFront>>;

  const channelctl = async (...args: readonly string[]): Promise<{ code: number | null; printed: string }> => {
    const { ended, printed } = launch(process.execPath, ['bin/channelctl.ts', ...args], {
      ...publisherEnvironment({ origin: gateway.origin, directory: system.directory }),
      AWS_ENDPOINT_URL_CLOUDFRONT: cloudFront.origin,
    });
    return { code: await ended, printed: printed() };
  };

  beforeAll(async () => {
    system = await startTestSystem({ store: undefined });
    cloudFront = await startCloudFront();
    publish = await shippedFunctions({ delivery: 'cloudfront' })('Publish', {
      BUCKET: system.bucket,
      BASE_URL: system.baseUrl,
      S3_ENDPOINT: system.endpoint,
      AWS_REGION: localPublisher.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      DELIVERY_DISTRIBUTION_ID: distributionId,
    });
    gateway = await startGateway({
      port: 0,
      publisher: localPublisher,
      now: Date.now,
      handlers: () => ({
        serve: () => Promise.reject(new Error('nobody reads here')),
        publish: (event): Promise<APIGatewayProxyStructuredResultV2> => publish.call(event),
      }),
    });
    gateway.open();
    await system.channelctl('add', 'demo');
    for (const release of ['demo-1', 'demo-2']) {
      await system.lay(`${release}.tar.xz`, tarball(release), { Metadata: { channel: 'demo' } });
    }
  });
  afterAll(async () => {
    await gateway.close();
    await publish.close();
    await cloudFront.close();
    await system.close();
  });

  beforeEach(() => {
    cloudFront.batches.length = 0;
    cloudFront.allows = true;
  });

  it('deletes the release, and has CloudFront remove exactly its path', async () => {
    const { code, printed } = await channelctl('takedown', 'demo', 'demo-1', '--reason', 'withdrawn', '--yes');
    expect(printed).toContain(
      `deleted 1 version of "demo-1.tar.xz" from the bucket "${system.bucket}"\ntold the CloudFront distribution ${distributionId} to remove "/demo-1.tar.xz" from its caches, which takes minutes (invalidation I1)\n`,
    );
    expect(code).toBe(0);
    await expect(system.read('demo-1.tar.xz')).rejects.toThrow();
    expect(cloudFront.batches).toEqual([
      {
        InvalidationBatch: {
          '@_xmlns': 'http://cloudfront.amazonaws.com/doc/2020-05-31/',
          Paths: { Quantity: 1, Items: { Path: '/demo-1.tar.xz' } },
          CallerReference: expect.stringMatching(/^[\w-]{8,64}$/),
        },
      },
    ]);
  });

  it('says that the release is deleted where CloudFront refuses, and a repeat makes good', async () => {
    const takedown = ['takedown', 'demo', 'demo-2', '--reason', 'withdrawn', '--yes'];
    cloudFront.allows = false;
    const refused = await channelctl(...takedown);
    expect(refused.code).toBe(5);
    expect(refused.printed).toMatch(
      /\ndeleted 1 version of "demo-2\.tar\.xz".*\nThe caches of CloudFront still have it: .*: AccessDenied it is \(403\)\. .* Or run: aws cloudfront create-invalidation --distribution-id EDFDVBD6EXAMPLE --paths '\/demo-2\.tar\.xz'\n/,
    );
    await expect(system.read('demo-2.tar.xz')).rejects.toThrow();

    cloudFront.allows = true;
    const repeated = await channelctl(...takedown);
    expect(repeated.code).toBe(0);
    expect(repeated.printed).toMatch(/^already taken down: demo-2: readers get 410\n/);
    expect(repeated.printed).toMatch(/\ntold the CloudFront distribution .*\(invalidation I1\)\n/);
  });
});
