import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TakenDown } from '../../api/answers.ts';
import { storagePath } from '../../api/routes.ts';
import { publishFile } from '../publish/publish-file.ts';
import { type Answer, type Check, type DeploymentUnderTest, seen, skipped } from './deployment.ts';

const detail = (body: string): string => {
  try {
    return String((JSON.parse(body) as { detail?: unknown }).detail ?? body);
  } catch {
    return body;
  }
};

/** API Gateway's own answer if a request matches no route. */
const isGatewayNotFound = ({ status, body }: Answer): boolean =>
  status === 404 && /^\s*\{\s*"message"\s*:\s*"Not Found"\s*\}\s*$/.test(body);

async function publishScratch({ publish, channel }: DeploymentUnderTest): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'verify-deployment-'));
  try {
    await writeFile(join(path, 'README'), `Created by verify-deployment in the channel ${channel}.\n`);
    const input = { channel, path, name: `${channel}-1`, facts: { lastModified: 1 }, force: false, dryRun: false };
    return (await publishFile(publish, input)).status;
  } finally {
    await rm(path, { recursive: true });
  }
}

/** That IAM and the gateway pass on requests unchanged. These checks create the scratch channel and its release. */
export const publishChecks: readonly Check[] = [
  {
    name: 'the outputs of the stack',
    expected: 'ApiEndpoint, ApiUrl, BucketName',
    run: async ({ outputs }) => {
      if (outputs === undefined) return skipped('no --stack was given');
      const wanted = ['ApiEndpoint', 'ApiUrl', 'BucketName'];
      const found = wanted.filter((key) => outputs[key] !== undefined);
      return seen(found.length === wanted.length, found.join(', ') || 'none');
    },
  },
  {
    name: 'the catalog, unsigned',
    expected: '403',
    run: async ({ ask, api }) => {
      const { status } = await ask({ method: 'GET', url: new URL(`${api}/publish/catalog`) });
      return seen(status === 403, status);
    },
  },
  {
    name: 'a channel is added, signed, by POST with a body',
    expected: '200',
    run: async ({ askSigned, channel, id }) => {
      const { status, body } = await askSigned('POST', '/publish/catalog', { operation: id(), channel });
      return seen(status === 200, status === 200 ? status : `${status} ${detail(body)}`);
    },
  },
  {
    name: 'it is made public, by PATCH with a body',
    expected: '200',
    run: async ({ askSigned, channel, id }) => {
      const { status, body } = await askSigned('PATCH', `/publish/catalog/${channel}`, {
        operation: id(),
        visibility: 'public',
      });
      return seen(status === 200, status === 200 ? status : `${status} ${detail(body)}`);
    },
  },
  {
    name: 'a path with an encoded slash',
    expected: "400 or 404 from the function, or the gateway's own 404",
    run: async ({ askSigned }) => {
      const answer = await askSigned('GET', '/publish/channels/verify%2Fslash');
      const { status, body } = answer;
      return seen(
        isGatewayNotFound(answer) || ([400, 404].includes(status) && /verify/.test(body)),
        `${status} ${detail(body)}`,
      );
    },
  },
  {
    name: 'a path with an encoded +',
    expected: '404 that names "verify+plus"',
    run: async ({ askSigned }) => {
      const { status, body } = await askSigned('GET', '/publish/channels/verify%2Bplus');
      return seen(status === 404 && detail(body).includes('verify+plus'), `${status} ${detail(body)}`);
    },
  },
  {
    name: 'a release is published, bytes straight to the bucket',
    expected: 'published',
    run: async (deployment) => {
      const status = await publishScratch(deployment);
      return seen(status === 'published', status);
    },
  },
  {
    name: 'the distribution whose caches a takedown clears, by a dry run',
    expected: "the stack's DeliveryDistributionArn, or none without one",
    run: async ({ askSigned, channel, id, outputs }) => {
      const takedown = { operation: id(), release: `${channel}-1`, reason: 'verify-deployment', dryRun: true };
      const { status, body } = await askSigned('POST', storagePath('takedowns', channel), takedown);
      if (status !== 200) return seen(false, `${status} ${detail(body)}`);
      const { distributionId } = JSON.parse(body) as Pick<TakenDown, 'distributionId'>;
      const expected = outputs?.DeliveryDistributionArn?.split('/').at(-1);
      return seen(outputs === undefined || distributionId === expected, distributionId ?? 'none');
    },
  },
];

/** That a publisher's policy allows its own channel and no other, as API Gateway matches paths. */
export const publisherCheck: Check = {
  name: 'routes of its own channel and of others, as the publisher of one channel',
  expected: '200 and 400, then 403 three times',
  run: async ({ askAsPublisher, channel }) => {
    if (askAsPublisher === undefined) return skipped('no --publisher-role was given');
    const statuses: number[] = [];
    for (const [method, path] of [
      ['GET', `/publish/channels/${channel}`],
      ['POST', `/publish/channels/${channel}/yank`],
      ['GET', `/publish/channels/${channel}-small`],
      ['POST', `/publish/channels/${channel}-small/yank`],
      ['GET', '/publish/catalog'],
    ] as const)
      statuses.push((await askAsPublisher(method, path, method === 'POST' ? {} : undefined)).status);
    return seen(statuses.join() === '200,400,403,403,403', statuses.join(', '));
  },
};

export const removalCheck: Check = {
  name: 'the channel is removed, by DELETE with a body',
  expected: '200',
  run: async ({ askSigned, channel, id }) => {
    const { status, body } = await askSigned('DELETE', `/publish/catalog/${channel}`, { operation: id() });
    return seen(status === 200, status === 200 ? status : `${status} ${detail(body)}`);
  },
};
