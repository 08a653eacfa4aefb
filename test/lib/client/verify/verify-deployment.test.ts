import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send } from '../../../../lib/client/api/http.ts';
import {
  type Answer,
  createDeployment,
  type DeploymentOptions,
  type DeploymentUnderTest,
} from '../../../../lib/client/verify/deployment.ts';
import { checks, checksText, resultsText, verifyDeployment } from '../../../../lib/client/verify/verify-deployment.ts';
import { localPublisher } from '../../../../lib/local/local-settings.ts';
import { startTestSystem, type TestSystem } from '../../../support/test-system.ts';

let system: TestSystem;
let delivered: TestSystem;
beforeAll(async () => {
  system = await startTestSystem();
  delivered = await startTestSystem({ delivery: 'cloudfront' });
});
afterAll(async () => {
  await system.close();
  await delivered.close();
});

function deploymentOf(
  narrowed?: DeploymentOptions['narrowed'],
  { of = system, outputs = {} }: { of?: TestSystem; outputs?: Readonly<Record<string, string>> } = {},
): DeploymentUnderTest {
  const { region, ...keys } = localPublisher;
  return createDeployment({
    api: {
      url: of.origin,
      region,
      outputs: { ApiEndpoint: '', ApiUrl: of.origin, BucketName: of.bucket, ...outputs },
    },
    bucket: of.bucket,
    s3: of.s3,
    onAws: true,
    credentials: async () => keys,
    token: undefined,
    narrowed,
    patienceMs: 20_000,
    send,
    sleep: async () => {},
    environment: { PATH: process.env.PATH, TMPDIR: of.directory, XDG_STATE_HOME: of.directory },
    now: Date.now,
    id: randomUUID,
  });
}

const byPolicy = checks.filter((check) => check.byPolicy).map(({ name }) => name);
const publisher = 'routes of its own channel and of others, as the publisher of one channel';
const origin = 'where a release is downloaded from';
const credentials = "a download with a reader's credentials, as by a netrc file with a default entry";
const distribution = 'the distribution whose caches a takedown clears, by a dry run';
const openReading = 'the name of the header WWW-Authenticate';

const failed = async (deployment: DeploymentUnderTest, policies = false) =>
  (await verifyDeployment(deployment, policies)).filter(({ ok }) => ok === false).map(({ name }) => name);

describe('verifying the local system', () => {
  it('finds all in order that can be looked at here', async () => {
    const results = await verifyDeployment(deploymentOf(), false);
    const skipped = results.filter(({ ok }) => ok === undefined).map(({ name }) => name);

    expect(results.filter(({ ok }) => ok === false)).toEqual([]);
    expect(skipped).toEqual([credentials, openReading, ...byPolicy, publisher]);
  });

  it('sees that no policy guards its bucket', async () => {
    expect(await failed(deploymentOf(), true)).toEqual(byPolicy);
  });

  it('ends its channel', async () => {
    const deployment = deploymentOf();
    await verifyDeployment(deployment, false);

    expect(JSON.parse(await system.read('channels.json'))).toMatchObject({
      removed: expect.arrayContaining([deployment.channel]),
    });
  });
});

describe('verifying a system whose releases come from CloudFront', () => {
  const deployment = (DeliveryUrl = delivered.edge ?? '') =>
    deploymentOf(undefined, { of: delivered, outputs: { DeliveryUrl } });
  const seenOf = async (under: DeploymentUnderTest, name: string) =>
    (await verifyDeployment(under, false)).find((result) => result.name === name);

  it('finds all in order', async () => {
    const results = await verifyDeployment(deployment(), false);
    expect(results.filter(({ ok }) => ok === false)).toEqual([]);
    expect(results.find(({ name }) => name === origin)?.seen).toBe(`${delivered.edge}, signed for CloudFront`);
    expect(results.find(({ name }) => name === credentials)).toMatchObject({ ok: true, seen: '200' });
  });

  it('finds out a redirect to another place than the stack says', async () => {
    expect(await failed(deployment('https://d123.cloudfront.net'))).toEqual([origin]);
    expect(await failed(deploymentOf(undefined, { of: delivered }))).toEqual([origin]);
    expect(await failed(deploymentOf(undefined, { outputs: { DeliveryUrl: delivered.edge ?? '' } }))).toEqual([origin]);
  });

  it.each<[string, (url: URL) => boolean, number, string]>([
    ['serves without a signature', (url) => url.search === '', 200, 'a download without the signature'],
    ['serves a record', (url) => url.pathname.endsWith('.json'), 200, "a record with a release's signature"],
    ['passes on credentials', () => true, 400, credentials],
    ['does not know the key', () => true, 403, 'a download by the signed URL, and a range of it'],
  ])('finds out a distribution that %s', async (_, matches, status, name) => {
    const under = deployment();
    const ask: DeploymentUnderTest['ask'] = async (request) => {
      const answer = await under.ask(request);
      return request.url.origin === delivered.edge && matches(request.url) ? { ...answer, status } : answer;
    };
    expect(await seenOf({ ...under, ask }, name)).toMatchObject({ ok: false });
  });

  it.each<[string, string | undefined, boolean, string]>([
    ['names it', 'EDFDVBD6EXAMPLE', true, 'EDFDVBD6EXAMPLE'],
    ['names another', 'EANOTHER', false, 'EANOTHER'],
    ['names none', undefined, false, 'none'],
  ])("compares the stack's distribution with that of a takedown, which %s", async (_, distributionId, ok, seen) => {
    const outputs = {
      DeliveryUrl: delivered.edge ?? '',
      DeliveryDistributionArn: 'arn:aws:cloudfront::111122223333:distribution/EDFDVBD6EXAMPLE',
    };
    const under = deploymentOf(undefined, { of: delivered, outputs });
    const askSigned: DeploymentUnderTest['askSigned'] = async (method, path, body) => {
      const answer = await under.askSigned(method, path, body);
      if (!path.startsWith('/publish/takedowns/')) return answer;
      return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), distributionId }) };
    };
    expect(await seenOf({ ...under, askSigned }, distribution)).toMatchObject({ ok, seen });
  });

  it('says what the permanent URL answers where it leads nowhere', async () => {
    const under = deployment();
    const ask: DeploymentUnderTest['ask'] = async (request) =>
      request.method === 'GET' && request.url.pathname.startsWith('/permanent/')
        ? { status: 503, headers: [], body: 'try again' }
        : under.ask(request);
    expect(await seenOf({ ...under, ask }, origin)).toMatchObject({
      ok: false,
      seen: 'The permanent URL answers 503, and has no Location.',
    });
  });
});

/** As Amazon S3 and the gateway refuse, whom a policy refuses. */
const denial = {
  status: 403,
  etag: undefined,
  reason: 'not authorized, with an explicit deny in a resource-based policy',
};

describe('a policy', () => {
  const guarded = (deployment: DeploymentUnderTest, answer: typeof denial): DeploymentUnderTest => ({
    ...deployment,
    bucket: {
      put: async (name, body, condition) =>
        condition === undefined || (condition.IfMatch !== undefined && name.endsWith('.tar.xz'))
          ? answer
          : deployment.bucket.put(name, body, condition),
      upload: async (name, body, condition) =>
        condition === undefined ? answer : deployment.bucket.upload(name, body, condition),
      copy: async () => answer,
      remove: async () => answer,
    },
  });

  it('is seen to refuse where it does', async () => {
    expect(await failed(guarded(deploymentOf(), denial), true)).toEqual([]);
  });

  it('is not taken for what refuses where the caller merely lacks the right', async () => {
    expect(await failed(guarded(deploymentOf(), { ...denial, reason: 'Access Denied' }), true)).toEqual(byPolicy);
  });

  it.each<[string, (path: string) => number, boolean]>([
    ['admits its channel and no other', (path) => (/-small|catalog/.test(path) ? 403 : 0), true],
    ['admits a channel whose name begins so', (path) => (/catalog/.test(path) ? 403 : 0), false],
    ['refuses its own channel', () => 403, false],
  ])('of a publisher %s', async (_, statusOf, ok) => {
    const deployment = deploymentOf();
    const askAsPublisher: DeploymentUnderTest['askSigned'] = async (method, path, body) => {
      const answer = await deployment.askSigned(method, path, body);
      return { ...answer, status: statusOf(path) || answer.status };
    };
    const results = await verifyDeployment({ ...deployment, askAsPublisher }, false);
    expect(results.find(({ name }) => name === publisher)?.ok).toBe(ok);
  });

  it('of a publisher is asked about with credentials that may no more than that', () => {
    const policies: string[] = [];
    deploymentOf((policyOf) => {
      policies.push(policyOf('aws'));
      return async () => ({ accessKeyId: '', secretAccessKey: '' });
    });
    expect(JSON.parse(policies[0] ?? '').Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: [
          expect.stringMatching(
            /^arn:aws:execute-api:us-east-1:\*:\*\/\$default\/GET\/publish\/channels\/verify-[\w-]+$/,
          ),
          expect.stringMatching(
            /^arn:aws:execute-api:us-east-1:\*:\*\/\$default\/\*\/publish\/channels\/verify-[\w-]+\/\*$/,
          ),
        ],
      },
    ]);
  });
});

describe('a deployment that is not as it should be', () => {
  it('is found out where the store ignores conditions', async () => {
    const deployment = deploymentOf();
    const { bucket } = deployment;
    const forgetful: DeploymentUnderTest['bucket'] = {
      ...bucket,
      put: (name, body) => bucket.put(name, body),
      upload: (name, body) => bucket.upload(name, body),
    };

    expect(await failed({ ...deployment, bucket: forgetful })).toEqual([
      'a record is created once',
      'a record changes by compare-and-swap',
      'a release is completed once',
    ]);
  });

  it.each<[string, (answer: Answer) => Answer, string]>([
    [
      'the gateway drops Link',
      (answer) => ({ ...answer, headers: answer.headers.filter(([name]) => name.toLowerCase() !== 'link') }),
      'GET of the channel',
    ],
    [
      'the gateway answers 200 for 304',
      (answer) => ({ ...answer, status: answer.status === 304 ? 200 : answer.status }),
      'GET of the channel with the entity tag',
    ],
    [
      'the gateway drops Content-Length',
      (answer) => ({ ...answer, headers: answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length') }),
      'HEAD of the release',
    ],
    [
      'the gateway drops Link from answers to HEAD',
      (answer) => ({
        ...answer,
        headers: answer.headers.filter(([name]) => answer.status !== 200 || name.toLowerCase() !== 'link'),
      }),
      'HEAD of the release',
    ],
    [
      'the catalog is open',
      (answer) => ({ ...answer, status: answer.status === 403 ? 200 : answer.status }),
      'the catalog, unsigned',
    ],
  ])('is found out where %s', async (_, change, name) => {
    const deployment = deploymentOf();

    expect(await failed({ ...deployment, ask: async (request) => change(await deployment.ask(request)) })).toContain(
      name,
    );
  });

  it.each([
    ['accepts the 404 of the gateway', 404, '{"message":"Not Found"}', true],
    ['accepts the 404 of the function', 404, '{"detail":"There is no channel \\"verify/slash\\"."}', true],
    ['refuses a 404 of something else', 404, '{"message":"No such page"}', false],
    ['refuses a 403 of the gateway', 403, '{"message":"Not Found"}', false],
  ])('%s for a path with an encoded slash', async (_, status, body, ok) => {
    const deployment = deploymentOf();
    const askSigned: DeploymentUnderTest['askSigned'] = async (method, path, json) =>
      path.includes('%2F') ? { status, headers: [], body } : deployment.askSigned(method, path, json);
    const results = await verifyDeployment({ ...deployment, askSigned }, false);
    expect(results.find(({ name }) => name === 'a path with an encoded slash')?.ok).toBe(ok);
  });

  it('is a failure of the check, with the reason, and not of the script', async () => {
    const deployment = deploymentOf();
    const broken: DeploymentUnderTest = {
      ...deployment,
      ask: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')),
    };
    const results = await verifyDeployment(broken, false);

    expect(results).toHaveLength(checks.length);
    expect(results).toContainEqual({
      name: 'the catalog, unsigned',
      expected: '403',
      ok: false,
      seen: 'getaddrinfo ENOTFOUND',
    });
  });
});

describe('the table', () => {
  it('says ok, failed or why not', () => {
    const results = [
      { name: 'one', expected: '200', ok: true, seen: '200' },
      { name: 'two', expected: '403', ok: false, seen: 'a\nb' },
      { name: 'three', expected: '403', ok: undefined, seen: 'not here' },
    ];

    expect(resultsText(results).split('\n')).toEqual([
      '        check  expected  seen',
      'ok      one    200       200',
      'FAILED  two    403       a b',
      '-       three  403       not here',
    ]);
  });

  it('lists the checks', () => {
    expect(checksText().split('\n')).toHaveLength(checks.length + 1);
  });
});
