import { describe, expect, it } from '@jest/globals';
import { routes } from '../../../lib/api/routes.ts';
import { account, apiArn, deployed, simulate, simulateWebIdentity } from '../../support/simulate.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const github = 'token.actions.githubusercontent.com';
const publishers = [
  {
    name: 'nixos-ci',
    github: { repository: 'example/nixos', ref: 'refs/heads/main' },
    channels: ['nixos-25.05'],
  },
  {
    name: 'promoter',
    github: { repository: 'example@1/nixos@2', environment: 'prod: eu' },
    promotions: [{ from: 'nixos-25.05-small', to: 'nixos-25.05' }],
  },
  {
    name: 'keeper',
    github: { repository: 'example/nixos', ref: 'refs/heads/keep' },
    channels: ['nixos-25.05'],
    retire: true,
  },
  { name: 'ops', principal: 'arn:aws:iam::210987654321:role/ops', administrator: true },
];
const stack = new SynthesizedStack({ publishers });

const resourceOf = (type: string, id: string) => deployed(stack.resource(type, `Publishers${id}`));
const policyOf = (id: string): unknown => resourceOf('AWS::IAM::ManagedPolicy', id).Properties.PolicyDocument;
const trustOf = (id: string): unknown => resourceOf('AWS::IAM::Role', id).Properties.AssumeRolePolicyDocument;

const ask = (identityPolicy: unknown, request: string): Promise<string> => {
  const [method, path] = request.split(' ');
  return simulate({ action: 'execute-api:Invoke', resource: `${apiArn}/${method}${path}`, identityPolicy });
};

/** Every request of the publish routes for these channels, and the others of the contract. */
const requestsFor = (channel: string, other: string): readonly string[] => [
  ...routes
    .filter(({ authorization }) => authorization === 'iam')
    .map(({ method, path }) => {
      const named = path.replace('{channel}', channel).replace('{from}', channel).replace('{to}', other);
      return `${method} ${named.replace('{id}', '0123abcd')}`;
    }),
  `PATCH /publish/catalog/${channel}`,
  'GET /publish/revocations',
  'POST /publish/revocations',
];

const allowedOf = async (policy: unknown, requests: readonly string[]): Promise<readonly string[]> => {
  const results = await Promise.all(requests.map((request) => ask(policy, request)));
  return requests.filter((_, index) => results[index] === 'Allowed');
};

describe('the publisher of a channel', () => {
  const policy = policyOf('NixosCi');

  it('may use every route of that channel and nothing else', async () => {
    const requests = requestsFor('nixos-25.05', 'nixos-25.11');
    const own = requests.filter((request) => / \/publish\/channels\/nixos-25\.05(?:\/|$)/.test(request));

    expect(await allowedOf(policy, requests)).toEqual(own);
    expect(own).toEqual(
      expect.arrayContaining([
        'GET /publish/channels/nixos-25.05',
        'POST /publish/channels/nixos-25.05/uploads',
        'GET /publish/channels/nixos-25.05/uploads/0123abcd',
        'POST /publish/channels/nixos-25.05/releases',
        'POST /publish/channels/nixos-25.05/rollback',
        'POST /publish/channels/nixos-25.05/yank',
      ]),
    );
  });

  it.each(['nixos-25.11', 'nixos-25.05-small', 'nixos-25.0', 'nixos-25.055', 'NIXOS-25.05'])(
    'may do nothing to %s',
    async (channel) => {
      expect(await allowedOf(policy, requestsFor(channel, 'nixos-25.05'))).toEqual([]);
    },
  );

  it('may not reach the API by another stage, or another API', async () => {
    const action = 'execute-api:Invoke';
    const path = 'GET/publish/channels/nixos-25.05';

    expect(await simulate({ action, resource: `${apiArn}/${path}`, identityPolicy: policy })).toBe('Allowed');
    for (const resource of [apiArn.replace('$default', 'test'), apiArn.replace('abcdefghij', 'zyxwvutsrq')])
      expect(await simulate({ action, resource: `${resource}/${path}`, identityPolicy: policy })).toBe(
        'ImplicitlyDenied',
      );
  });

  it('would have access to another channel if the slash were forgotten', async () => {
    const careless = JSON.parse(JSON.stringify(policy).replaceAll('nixos-25.05/*', 'nixos-25.05*'));

    expect(await allowedOf(careless, requestsFor('nixos-25.05-small', 'x'))).not.toEqual([]);
  });
});

describe('a publisher that may retire', () => {
  const policy = policyOf('Keeper');

  it('may retire and pin what is of its channel, beside what every publisher may, and take nothing down', async () => {
    const own = await allowedOf(policyOf('NixosCi'), requestsFor('nixos-25.05', 'nixos-25.11'));
    const allowed = await allowedOf(policy, requestsFor('nixos-25.05', 'nixos-25.11'));
    expect(allowed.filter((request) => !own.includes(request))).toEqual([
      'POST /publish/retirements/nixos-25.05',
      'POST /publish/pins/nixos-25.05',
    ]);
  });

  it.each(['nixos-25.11', 'nixos-25.05-small', 'nixos-25.0', 'nixos-25.055', 'NIXOS-25.05'])(
    'may do nothing to %s',
    async (channel) => {
      expect(await allowedOf(policy, requestsFor(channel, 'nixos-25.05'))).toEqual([]);
      expect(await ask(policy, `POST /publish/retirements/nixos-25.05/${channel}`)).toBe('ImplicitlyDenied');
    },
  );
});

describe('a publisher with a promotion', () => {
  it('may promote only that pair in that direction', async () => {
    const requests = [
      ...requestsFor('nixos-25.05-small', 'nixos-25.05'),
      ...requestsFor('nixos-25.05', 'nixos-25.05-small'),
      ...requestsFor('nixos-25.05-small', 'nixos-25.11'),
    ];

    expect(await allowedOf(policyOf('Promoter'), requests)).toEqual([
      'POST /publish/promotions/nixos-25.05-small/nixos-25.05',
    ]);
  });
});

describe('an administrator', () => {
  it('may use every publish route and nothing else', async () => {
    const requests = requestsFor('nixos-25.05', 'nixos-25.11');

    expect(await allowedOf(policyOf('Ops'), requests)).toEqual(requests);
    expect(await ask(policyOf('Ops'), 'GET /private/thing')).toBe('ImplicitlyDenied');
  });

  it('of another account may assume the role, but nobody else of that account may', async () => {
    const assume = (principal: string) =>
      simulate({
        principal,
        action: 'sts:AssumeRole',
        resource: `arn:aws:iam::${account}:role/publisher`,
        resourcePolicy: trustOf('Ops'),
      });

    expect(await assume('arn:aws:iam::210987654321:role/ops')).toBe('Allowed');
    expect(await assume('arn:aws:iam::210987654321:role/dev')).not.toBe('Allowed');
    expect(await assume('arn:aws:iam::999999999999:role/ops')).not.toBe('Allowed');
  });
});

describe('the role for a GitHub workflow', () => {
  const right = { aud: 'sts.amazonaws.com', sub: 'repo:example/nixos:ref:refs/heads/main' };

  it('can be assumed by a workflow of that repository and ref', async () => {
    expect(await simulateWebIdentity(trustOf('NixosCi'), github, right)).toBe('Allowed');
  });

  it.each([
    ['another repository', { sub: 'repo:example/nixos-fork:ref:refs/heads/main' }],
    ['another owner', { sub: 'repo:mallory/nixos:ref:refs/heads/main' }],
    ['another ref', { sub: 'repo:example/nixos:ref:refs/heads/mainly' }],
    ['a tag', { sub: 'repo:example/nixos:ref:refs/tags/main' }],
    ['a pull request', { sub: 'repo:example/nixos:pull_request' }],
    ['an environment', { sub: 'repo:example/nixos:environment:prod' }],
    ['another audience', { aud: 'https://github.com/example' }],
    ['no subject', { sub: '' }],
  ])('cannot be assumed with a token of %s', async (_, claims) => {
    expect(await simulateWebIdentity(trustOf('NixosCi'), github, { ...right, ...claims })).not.toBe('Allowed');
  });

  it('can name the repository by numbers, and an environment whose colon GitHub encodes', async () => {
    const sub = 'repo:example@1/nixos@2:environment:prod%3A eu';

    expect(await simulateWebIdentity(trustOf('Promoter'), github, { ...right, sub })).toBe('Allowed');
    expect(await simulateWebIdentity(trustOf('Promoter'), github, right)).not.toBe('Allowed');
  });

  it('cannot be assumed with a token of another issuer', async () => {
    expect(await simulateWebIdentity(trustOf('NixosCi'), 'gitlab.com', right)).not.toBe('Allowed');
  });
});

describe('the resources of publishers', () => {
  it('are a role with sessions of one hour and its policy, both in the outputs', () => {
    const role = stack.resource('AWS::IAM::Role', 'PublishersNixosCi');
    const policy = stack.resource('AWS::IAM::ManagedPolicy', 'PublishersNixosCi');

    expect(role.Properties).toMatchObject({ MaxSessionDuration: 3600, ManagedPolicyArns: [`<${policy.id}>`] });
    expect(stack.outputs.PublisherNixosCiRoleArn?.Value).toBe(`<${role.id}.Arn>`);
    expect(stack.outputs.PublisherNixosCiPolicyArn?.Value).toBe(`<${policy.id}>`);
  });

  it('use the provider of the account by default', () => {
    expect(stack.resources('AWS::IAM::OIDCProvider')).toEqual([]);
    expect(JSON.stringify(trustOf('NixosCi'))).toContain(`arn:aws:iam::${account}:oidc-provider/${github}`);
  });

  it('use a given provider, or create one', () => {
    const arn = `arn:aws:iam::${account}:oidc-provider/${github}`;
    const given = new SynthesizedStack({ publishers, githubOidcProvider: arn });
    const made = new SynthesizedStack({ publishers, githubOidcProvider: 'create' });
    const provider = made.resource('AWS::IAM::OIDCProvider');

    expect(JSON.stringify(given.resource('AWS::IAM::Role', 'PublishersNixosCi'))).toContain(arn);
    expect(provider.Properties).toMatchObject({ Url: `https://${github}`, ClientIdList: ['sts.amazonaws.com'] });
    expect(JSON.stringify(made.resource('AWS::IAM::Role', 'PublishersNixosCi'))).toContain(`<${provider.id}>`);
  });

  it('do not collide with those of the provider if a publisher is named github', () => {
    const github = { repository: 'example/nixos', ref: 'refs/heads/main' };
    const named = new SynthesizedStack({
      githubOidcProvider: 'create',
      publishers: [{ name: 'github', github, channels: ['a'] }],
    });

    expect(named.resources('AWS::IAM::OIDCProvider')).toHaveLength(1);
  });
});
