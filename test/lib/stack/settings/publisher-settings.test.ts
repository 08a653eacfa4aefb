import { describe, expect, it } from '@jest/globals';
import { BadSetting } from '../../../../lib/domain/problem.ts';
import { parseStackSettings } from '../../../../lib/stack/settings/parse-stack-settings.ts';
import { publisherId } from '../../../../lib/stack/settings/publisher-settings.ts';

const principal = 'arn:aws:iam::123456789012:role/ci';
const one = { name: 'ci', principal, channels: ['nixos-25.05'] };
const ref = 'refs/heads/main';
const github = { repository: 'example/nixos', ref };
const forgejo = { issuer: 'https://forge.example.org/api/actions', repository: 'a/b', ref };
const buildkite = { organization: 'a', pipeline: 'b', ref, step: 'publish' };

const parsePublishers = (publishers: unknown) => parseStackSettings({ publishers }).publishers;

describe('the setting publishers', () => {
  it('can be a list, or its JSON', () => {
    const parsed = [{ ...one, promotions: [], administrator: false }];

    expect(parsePublishers([one])).toEqual(parsed);
    expect(parsePublishers(JSON.stringify([one]))).toEqual(parsed);
    expect(parsePublishers([])).toEqual([]);
  });

  it.each([
    { ...one, principal: 'arn:aws-cn:iam::123456789012:user/team/ci' },
    { ...one, principal: 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0a1' },
    { name: 'ci', github, channels: ['a'] },
    { name: 'ci', github: { repository: 'example@12/nixos@34', ref: 'refs/tags/v1' }, channels: ['a'] },
    { name: 'ci', github: { repository: 'example/nixos', environment: 'prod: eu' }, administrator: true, channels: [] },
    { name: 'ci', principal, promotions: [{ from: 'a', to: 'b' }] },
    { name: 'ci', gitlab: { project: 'a/b/c.d_e-f', ref }, channels: ['a'] },
    {
      name: 'ci',
      gitlab: { project: 'a/b', ref, issuer: 'https://git.example.org/x', audience: 'nix' },
      channels: ['a'],
    },
    { name: 'ci', forgejo: { ...forgejo, repository: 'a-1/b-2' }, channels: ['a'] },
    { name: 'ci', buildkite, channels: ['a'] },
  ])('accepts the publisher %j', (publisher) => {
    expect(parsePublishers([publisher])).toMatchObject([publisher]);
  });

  it.each([
    ['{', 'publishers must be JSON'],
    [{}, 'publishers must be a list'],
    [7, 'publishers must be a list'],
    [[1], 'publishers[0] must be an object'],
    [[{ ...one, name: '2nd' }], 'publishers[0].name must be 1–40 letters'],
    [
      [{ name: 'ci', channels: ['a'] }],
      'publishers[0] must have either github, gitlab, forgejo, buildkite or principal',
    ],
    [[{ ...one, github }], 'publishers[0] must have either github, gitlab, forgejo, buildkite or principal'],
    [
      [one, { ...one, name: 'CI' }],
      'publishers[1] must have another name than CI: its ids would be the same as those of ci',
    ],
    [
      [
        { ...one, name: 'a-1' },
        { ...one, name: 'a1' },
      ],
      'publishers[1] must have another name than a1: its ids would be the same as those of a-1',
    ],
    [Array.from({ length: 91 }, (_, n) => ({ ...one, name: `ci${n}` })), 'publishers must be at most 90 publishers'],
    [
      [{ ...one, channels: [], promotions: [{ from: 'a', to: 'b' }], retire: true }],
      'publishers[0] (ci) must have channels for "retire": true',
    ],
    [[{ ...one, retire: 'yes' }], 'publishers[0].retire must be true or false'],
    [[{ ...one, administrator: true }], 'publishers[0] (ci) must not list channels or promotions'],
    [[{ ...one, principal: 'arn:aws:iam::123456789012:role/ci/' }], 'publishers[0].principal must be the ARN'],
    [[{ ...one, principal: 'arn:aws:iam::123456789012:role//ci' }], 'publishers[0].principal must be the ARN'],
    [
      [{ ...one, principal: `arn:aws:iam::123456789012:role/${'a/'.repeat(300)}ci` }],
      'publishers[0].principal must be the ARN',
    ],
    [
      [{ name: 'ci', github: { ...github, ref: `refs/heads/${'a'.repeat(256)}` }, channels: ['a'] }],
      'github.ref must be a whole ref',
    ],
    [
      [{ name: 'ci', github: { repository: 'a/b', environment: '$'.concat('{aws:username}') }, channels: ['a'] }],
      'github.environment must be',
    ],
    [[{ ...one, role: 'x' }], 'publishers[0] must not have the key "role"'],
    [[{ name: 'ci', principal }], 'publishers[0] (ci) must have channels, promotions or "administrator"'],
    [[{ ...one, principal: '*' }], 'publishers[0].principal must be the ARN'],
    [[{ ...one, principal: 'arn:aws:iam::123456789012:root' }], 'publishers[0].principal must be the ARN'],
    [[{ ...one, principal: 'arn:aws:iam::123456789012:role/*' }], 'without wildcards'],
    [[{ ...one, channels: 'nixos' }], 'publishers[0].channels must be a list'],
    [
      [{ ...one, channels: ['*'] }],
      'publishers[0].channels[0] must be the name of a channel. The channel name "*" must contain',
    ],
    [
      [{ ...one, channels: ['a/../b'] }],
      'publishers[0].channels[0] must be the name of a channel. The channel name "a/../b"',
    ],
    [[{ ...one, promotions: [{ from: 'a' }] }], 'publishers[0].promotions[0].to must be the name of a channel'],
    [
      [{ ...one, promotions: [{ from: 'a', to: '?' }] }],
      'publishers[0].promotions[0].to must be the name of a channel. The channel name "?"',
    ],
    [[{ ...one, administrator: 'yes' }], 'publishers[0].administrator must be true or false'],
    [[{ name: 'ci', github: 'example/nixos', channels: ['a'] }], 'publishers[0].github must be an object'],
    [[{ name: 'ci', github: { repository: 'example/nixos' }, channels: ['a'] }], 'must have either ref or environment'],
    [[{ name: 'ci', github: { ...github, ref: 'refs/heads/*' }, channels: ['a'] }], 'github.ref must be a whole ref'],
    [[{ name: 'ci', github: { ...github, ref: 'main' }, channels: ['a'] }], 'github.ref must be a whole ref'],
    [[{ name: 'ci', github: { ...github, repository: '*/nixos' }, channels: ['a'] }], 'github.repository must be'],
    [[{ name: 'ci', github: { ...github, repository: 'a@1/b' }, channels: ['a'] }], 'github.repository must be'],
    [[{ ...one, channels: Array.from({ length: 40 }, (_, n) => `nixos-${n}`) }], 'split it into two publishers'],
    [[{ ...one, buildkite }], 'publishers[0] must have either'],
    [
      [{ name: 'ci', gitlab: { project: 'a/*', ref }, channels: ['a'] }],
      'gitlab.project must be the path of a project',
    ],
    [[{ name: 'ci', gitlab: { project: 'a', ref }, channels: ['a'] }], 'gitlab.project must be the path of a project'],
    [
      [{ name: 'ci', gitlab: { project: 'a/b:ref_type:branch:ref:main', ref }, channels: ['a'] }],
      'gitlab.project must be the path of a project',
    ],
    [[{ name: 'ci', gitlab: { project: 'a/b', ref: 'main' }, channels: ['a'] }], 'gitlab.ref must be a whole ref'],
    [[{ name: 'ci', gitlab: { project: 'a/b' }, channels: ['a'] }], 'gitlab.ref must be a whole ref'],
    [
      [{ name: 'ci', gitlab: { project: 'a/b', ref: 'refs/heads/x:ref_type:branch:ref:main' }, channels: ['a'] }],
      'gitlab.ref must be a whole ref',
    ],
    [[{ name: 'ci', gitlab: { project: 'a/b', ref, audience: '*' }, channels: ['a'] }], 'gitlab.audience must be'],
    ...[
      'http://git.example.org',
      'https://git.example.org/',
      'https://git.example.org:8443',
      'https://*.org',
      'https://10.0.0.1',
      'https://a@b.org',
      'https://localhost',
    ].map((issuer): [unknown, string] => [
      [{ name: 'ci', gitlab: { project: 'a/b', ref, issuer }, channels: ['a'] }],
      'gitlab.issuer must be its https:// URL',
    ]),
    [[{ name: 'ci', forgejo: { repository: 'a/b', ref }, channels: ['a'] }], 'forgejo.issuer must be its https:// URL'],
    [
      [{ name: 'ci', forgejo: { ...forgejo, issuer: 'https://forge.example.org' }, channels: ['a'] }],
      'such as https://forgejo.example.org/api/actions',
    ],
    [[{ name: 'ci', forgejo: { ...forgejo, repository: 'a/b/c' }, channels: ['a'] }], 'forgejo.repository must be'],
    [[{ name: 'ci', buildkite: { ...buildkite, pipeline: '*' }, channels: ['a'] }], 'buildkite.pipeline must be'],
    [[{ name: 'ci', buildkite: { ...buildkite, step: 'a:b' }, channels: ['a'] }], 'buildkite.step must be the key'],
    [[{ name: 'ci', buildkite: { ...buildkite, step: '' }, channels: ['a'] }], 'buildkite.step must be the key'],
    [[{ name: 'ci', buildkite: { ...buildkite, ref: 'refs/tags/v*' }, channels: ['a'] }], 'buildkite.ref must be'],
  ])('refuses %j and says which rule it breaks', (value, sentence) => {
    const parse = () => parsePublishers(value);

    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(`The setting ${sentence.startsWith('publishers') ? sentence : 'publishers'}`);
    expect(parse).toThrow(sentence);
  });

  const arn = 'arn:aws:iam::123456789012:oidc-provider/gitlab.com';

  it.each([
    { 'https://gitlab.com': 'create' },
    { 'https://gitlab.com': arn },
    JSON.stringify({ 'https://gitlab.com': arn }),
  ])('goes with the providers %j', (oidcProviders) => {
    const publishers = [{ name: 'ci', gitlab: { project: 'a/b', ref }, channels: ['a'] }];
    const parsed = parseStackSettings({ publishers, oidcProviders }).oidcProviders;

    expect(parsed).toEqual(typeof oidcProviders === 'string' ? JSON.parse(oidcProviders) : oidcProviders);
  });

  it.each<[unknown, string]>([
    [{ 'https://gitlab.com': 'made' }, 'must be an object'],
    [{ 'gitlab.com': 'create' }, 'must be an object'],
    [{ 'https://token.actions.githubusercontent.com': 'create' }, 'must be an object'],
    [{ 'https://git.example.org': arn }, 'must be an object'],
    [['https://gitlab.com'], 'must be an object'],
    ['create', 'must be an object'],
    [{ 'https://git.example.org': 'create' }, 'must name only issuers that a publisher uses'],
  ])('refuses the providers %j', (oidcProviders, sentence) => {
    const publishers = [{ name: 'ci', gitlab: { project: 'a/b', ref }, channels: ['a'] }];

    expect(() => parseStackSettings({ publishers, oidcProviders })).toThrow(`The setting oidcProviders ${sentence}`);
  });

  it('turns the name of a publisher into one word for ids', () => {
    expect(['nixos-ci', 'a--b', 'Ops', 'x-'].map(publisherId)).toEqual(['NixosCi', 'AB', 'Ops', 'X']);
  });
});
