import { describe, expect, it } from '@jest/globals';
import { account, deployed, simulateWebIdentity } from '../../support/simulate.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const ref = 'refs/heads/main';
const channels = ['nixos-25.05'];
const publishers = [
  { name: 'gitlab', gitlab: { project: 'group/sub/project', ref }, channels },
  { name: 'tag', gitlab: { project: 'group/project', ref: 'refs/tags/v1/a', audience: 'nix' }, channels },
  {
    name: 'self-managed',
    gitlab: { issuer: 'https://git.example.org/gitlab', project: 'group/sub/project', ref },
    channels,
  },
  {
    name: 'forgejo',
    forgejo: { issuer: 'https://forge.example.org/api/actions', repository: 'owner/name', ref },
    channels,
  },
  {
    name: 'buildkite',
    buildkite: { organization: 'acme', pipeline: 'nixos', ref, step: 'publish' },
    channels,
  },
];
const stack = new SynthesizedStack({ publishers });

const trustOf = (id: string): unknown =>
  deployed(stack.resource('AWS::IAM::Role', `Publishers${id}Role`)).Properties.AssumeRolePolicyDocument;

interface Claims {
  readonly aud: string;
  readonly sub: string;
}

/** What IAM says to a token with these claims. */
const assume = (id: string, issuer: string, { aud, sub }: Claims): Promise<string> =>
  simulateWebIdentity(trustOf(id), issuer, { aud, sub });

const gitlab = { aud: 'https://gitlab.com', sub: 'project_path:group/sub/project:ref_type:branch:ref:main' };

describe('the role for a GitLab project', () => {
  it('can be assumed by a job of that project and branch', async () => {
    expect(await assume('Gitlab', 'gitlab.com', gitlab)).toBe('Allowed');
  });

  it('can be for a tag, and for an audience of its own', async () => {
    const claims = { aud: 'nix', sub: 'project_path:group/project:ref_type:tag:ref:v1/a' };

    expect(await assume('Tag', 'gitlab.com', claims)).toBe('Allowed');
    expect(await assume('Tag', 'gitlab.com', { ...claims, aud: gitlab.aud })).not.toBe('Allowed');
    expect(await assume('Tag', 'gitlab.com', { ...claims, sub: claims.sub.replace('tag', 'branch') })).not.toBe(
      'Allowed',
    );
  });

  it('can be for a self-managed instance, whose URL is its audience', async () => {
    const claims = { ...gitlab, aud: 'https://git.example.org/gitlab' };

    expect(await assume('SelfManaged', 'git.example.org/gitlab', claims)).toBe('Allowed');
    expect(await assume('SelfManaged', 'gitlab.com', claims)).not.toBe('Allowed');
    expect(await assume('SelfManaged', 'git.example.org', claims)).not.toBe('Allowed');
    expect(await assume('Gitlab', 'git.example.org/gitlab', gitlab)).not.toBe('Allowed');
  });

  it.each<[string, Partial<Claims>]>([
    ['a project whose name begins so', { sub: 'project_path:group/sub/project-evil:ref_type:branch:ref:main' }],
    ['a project within a group of that name', { sub: 'project_path:group/sub/project/x:ref_type:branch:ref:main' }],
    ['a project of the group above', { sub: 'project_path:group/project:ref_type:branch:ref:main' }],
    ['a group whose name ends so', { sub: 'project_path:evil-group/sub/project:ref_type:branch:ref:main' }],
    ['a group that contains the path', { sub: 'project_path:evil/group/sub/project:ref_type:branch:ref:main' }],
    ['the project in other case', { sub: 'project_path:Group/sub/project:ref_type:branch:ref:main' }],
    ['a branch whose name begins so', { sub: `${gitlab.sub}-2` }],
    ['a branch whose name ends so', { sub: 'project_path:group/sub/project:ref_type:branch:ref:x/main' }],
    ['a tag of that name', { sub: 'project_path:group/sub/project:ref_type:tag:ref:main' }],
    ['a project that has the rest in its ref', { sub: `project_path:evil/x:ref_type:branch:ref:x:${gitlab.sub}` }],
    ['a project that writes its subject in another order', { sub: 'project_path:group/sub/project:ref:main' }],
    ['another audience', { aud: 'https://gitlab.example.org' }],
    ['no subject', { sub: '' }],
    ['a wildcard as its project', { sub: 'project_path:*:ref_type:branch:ref:main' }],
  ])('cannot be assumed with a token of %s', async (_, claims) => {
    expect(await assume('Gitlab', 'gitlab.com', { ...gitlab, ...claims })).not.toBe('Allowed');
  });
});

describe('the role for a Forgejo repository', () => {
  const issuer = 'forge.example.org/api/actions';
  const right = { aud: 'sts.amazonaws.com', sub: 'repo:owner/name:ref:refs/heads/main' };

  it('can be assumed by a job of that repository and ref', async () => {
    expect(await assume('Forgejo', issuer, right)).toBe('Allowed');
  });

  it.each<[string, Partial<Claims>]>([
    ['a fork', { sub: 'repo:mallory/name:ref:refs/heads/main' }],
    ['a repository whose name begins so', { sub: 'repo:owner/name-evil:ref:refs/heads/main' }],
    ['a pull request', { sub: 'repo:owner/name:pull_request' }],
    ['a branch whose name begins so', { sub: `${right.sub}ly` }],
    ['a tag', { sub: 'repo:owner/name:ref:refs/tags/main' }],
    ['the default audience', { aud: 'https://forge.example.org/owner' }],
  ])('cannot be assumed with a token of %s', async (_, claims) => {
    expect(await assume('Forgejo', issuer, { ...right, ...claims })).not.toBe('Allowed');
  });

  it.each(['token.actions.githubusercontent.com', 'forge.example.org', 'evil.example.org/api/actions'])(
    'cannot be assumed with the same claims from %s',
    async (other) => {
      expect(await assume('Forgejo', other, right)).not.toBe('Allowed');
    },
  );
});

describe('the role for a Buildkite pipeline', () => {
  const issuer = 'agent.buildkite.com';
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const pipeline = 'organization:acme:pipeline:nixos';
  const right = { aud: 'sts.amazonaws.com', sub: `${pipeline}:ref:refs/heads/main:commit:${commit}:step:publish` };

  it.each([commit, 'f'.repeat(40), 'HEAD'])(
    'can be assumed by that step of that pipeline and ref, at commit %s',
    async (each) => {
      expect(await assume('Buildkite', issuer, { ...right, sub: right.sub.replace(commit, each) })).toBe('Allowed');
    },
  );

  it.each<[string, string]>([
    ['another organization', right.sub.replace('acme', 'acme-evil')],
    ['another pipeline', right.sub.replace('nixos', 'nixos-evil')],
    ['another branch', right.sub.replace('main', 'mainly')],
    ['a tag', right.sub.replace('heads', 'tags')],
    ['another step', right.sub.replace('publish', 'test')],
    ['a step without a key', right.sub.replace('publish', '')],
    ['a step whose key ends so', right.sub.replace('publish', 'x:step:publish')],
    ['the branch "commit" of the fork of a user "main"', right.sub.replace('main', 'main:commit')],
    ['the same fork at HEAD', right.sub.replace('main', 'main:commit').replace(commit, 'HEAD')],
    ['a commit that holds the rest', right.sub.replace(commit, `${commit}:step:publish:commit:${commit}`)],
    ['a pipeline that holds the rest', `organization:evil:pipeline:${right.sub}`],
    ['a pipeline as its subject', '0184990a-477b-4fa8-9968-496074483cee'],
  ])('cannot be assumed with a token of %s', async (_, sub) => {
    expect(await assume('Buildkite', issuer, { ...right, sub })).not.toBe('Allowed');
  });

  it('cannot be assumed with a token for another audience', async () => {
    expect(await assume('Buildkite', issuer, { ...right, aud: 'https://buildkite.com/acme' })).not.toBe('Allowed');
  });

  it('would be open to that fork if the commit were a star', async () => {
    const careless = JSON.parse(JSON.stringify(trustOf('Buildkite')).replaceAll('?'.repeat(40), '*'));
    const claims = { ...right, sub: right.sub.replace('main', 'main:commit') };

    expect(await simulateWebIdentity(careless, issuer, claims)).toBe('Allowed');
  });
});

describe('the OIDC providers of CI systems', () => {
  it('are those of the account by default', () => {
    expect(stack.resources('AWS::IAM::OIDCProvider')).toEqual([]);
    for (const [id, provider] of [
      ['Gitlab', 'gitlab.com'],
      ['SelfManaged', 'git.example.org/gitlab'],
      ['Forgejo', 'forge.example.org/api/actions'],
      ['Buildkite', 'agent.buildkite.com'],
    ] as const)
      expect(trustOf(id)).toMatchObject({
        Statement: [{ Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${provider}` } }],
      });
  });

  it('are created where the setting says so, with every audience, or are those that it names', () => {
    const given = `arn:aws:iam::${account}:oidc-provider/agent.buildkite.com`;
    const made = new SynthesizedStack({
      publishers,
      oidcProviders: { 'https://gitlab.com': 'create', 'https://agent.buildkite.com': given },
    });
    const provider = made.resource('AWS::IAM::OIDCProvider');

    expect(provider.Properties).toMatchObject({
      Url: 'https://gitlab.com',
      ClientIdList: ['https://gitlab.com', 'nix'],
    });
    expect(JSON.stringify(made.resource('AWS::IAM::Role', 'PublishersTagRole'))).toContain(`<${provider.id}>`);
    expect(JSON.stringify(made.resource('AWS::IAM::Role', 'PublishersBuildkiteRole'))).toContain(given);
  });
});
