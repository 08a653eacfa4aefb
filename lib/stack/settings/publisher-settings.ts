import * as z from 'zod';
import { arn, jsonOrText } from '../../../lambda/http/setting-kinds.ts';
import { publisherPaths } from '../../api/routes.ts';
import { partitionIds } from '../../domain/aws.ts';
import { assertChannelName } from '../../domain/names.ts';
import { ciSystems, exactlyOne, githubIssuer, jobIdentity, words } from './ci-publisher.ts';

/** One role or user. */
export const principalArn = new RegExp(
  String.raw`^arn:${partitionIds}:iam::\d{12}:(?:role|user)/(?=.{1,576}$)(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}$`,
);

const channel = z.string('must be the name of a channel').check(({ value, issues }) => {
  try {
    assertChannelName(value);
  } catch (error) {
    const message = `must be the name of a channel. ${(error as Error).message.replace(/\.$/, '')}`;
    issues.push({ code: 'custom', input: value, message });
  }
});

const promotion = z.strictObject({ from: channel, to: channel }, 'must be {"from": CHANNEL, "to": CHANNEL}');

const shape = z
  .strictObject(
    {
      name: words(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, '1–40 letters, digits and hyphens that begin with a letter'),
      github: ciSystems.github.optional(),
      gitlab: ciSystems.gitlab.optional(),
      forgejo: ciSystems.forgejo.optional(),
      buildkite: ciSystems.buildkite.optional(),
      principal: words(
        principalArn,
        'the ARN of a role or a user, without wildcards, such as arn:aws:iam::123456789012:role/ci',
      ).optional(),
      channels: z.array(channel, 'must be a list').default([]),
      retire: z.boolean('must be true or false').optional(),
      promotions: z.array(promotion, 'must be a list').default([]),
      administrator: z.boolean('must be true or false').default(false),
    },
    'must be an object',
  )
  .refine(
    exactlyOne('principal', 'github', 'gitlab', 'forgejo', 'buildkite'),
    'must have either github, gitlab, forgejo, buildkite or principal',
  );

/** Who may publish, and what. */
export type Publisher = z.infer<typeof shape>;

/** Characters of a managed policy (IAM user guide, "IAM and AWS STS quotas"). */
const maxPolicyLength = 6_144;
/** Characters of an ARN without its path. */
const maxArnPrefix = 85;

const policyLength = (publisher: Publisher): number =>
  publisherPaths(publisher).reduce((sum, [, path]) => sum + maxArnPrefix + path.length, 200);

function brokenRights(publisher: Publisher): string | undefined {
  const { name, channels, retire, promotions, administrator } = publisher;
  const isLimited = channels.length + promotions.length > 0;
  if (isLimited && administrator)
    return `(${name}) must not list channels or promotions: an administrator has access to all of them`;
  if (!isLimited && !administrator) return `(${name}) must have channels, promotions or "administrator": true`;
  if (retire === true && channels.length === 0)
    return `(${name}) must have channels for "retire": true${administrator ? ', or leave it out: an administrator has that right' : ''}`;
  if (policyLength(publisher) > maxPolicyLength)
    return `(${name}) must fit into one policy of ${maxPolicyLength} characters: split it into two publishers`;
  return undefined;
}

const publisher = shape.check(({ value, issues }) => {
  const message = brokenRights(value);
  if (message !== undefined) issues.push({ code: 'custom', input: value, message });
});

/** `nixos-ci` is `NixosCi` in the ids of resources and outputs. */
export const publisherId = (name: string): string =>
  name.replaceAll(/(?:^|-+)([A-Za-z0-9]?)/g, (_, first: string) => first.toUpperCase());

/** A template has at most 200 outputs (CloudFormation user guide, "Quotas"): two for each, and some of the stack's own. */
const maxPublishers = 90;

const publisherList = z
  .array(publisher, 'must be a list of publishers, in JSON')
  .max(maxPublishers, `must be at most ${maxPublishers} publishers`)
  .check(({ value, issues }) => {
    const names = new Map<string, string>();
    for (const [index, { name }] of value.entries()) {
      const id = publisherId(name).toLowerCase();
      const other = names.get(id);
      if (other !== undefined) {
        const message = `must have another name than ${name}: its ids would be the same as those of ${other}`;
        issues.push({ code: 'custom', input: name, path: [index], message });
      }
      names.set(id, name);
    }
  });

/** An account has one OIDC provider for each issuer, and its ARN ends in the issuer without scheme. */
const oidcProviders = z
  .record(
    words(/^https:\/\/[a-z0-9.-]+(?:\/[\w.-]+)*$/, 'an issuer'),
    z.union([z.literal('create'), arn('iam', String.raw`:\d{12}:oidc-provider/.+`, '')]),
  )
  .refine((providers) =>
    Object.entries(providers).every(
      ([issuer, provider]) =>
        issuer !== githubIssuer &&
        (provider === 'create' || provider.endsWith(`:oidc-provider/${issuer.slice('https://'.length)}`)),
    ),
  );

export const publisherSettings = {
  publishers: jsonOrText(publisherList)
    .default([])
    .meta({
      description: 'who may publish what: [deploy.md](deploy.md#publishers)',
      shownDefault: 'none',
      shownAccepted: `a list of at most ${maxPublishers} publishers in JSON, such as [{"name": "ops", "principal": "arn:aws:iam::111122223333:role/ops", "administrator": true}]`,
    }),
  githubOidcProvider: z
    .union([
      z.literal('create'),
      arn('iam', String.raw`:\d{12}:oidc-provider/token\.actions\.githubusercontent\.com`, ''),
    ])
    .meta({
      accepted: '"create", or the ARN of the provider for token.actions.githubusercontent.com that the account has',
    })
    .optional()
    .meta({
      description: '`create` if the account has no provider for GitHub Actions yet, or the ARN of its provider',
      shownDefault: "the account's provider",
    }),
  oidcProviders: jsonOrText(oidcProviders).default({}).meta({
    description: 'the same for the issuers of other CI systems',
    shownDefault: "the account's providers",
    accepted:
      'an object, as JSON text or as it is, whose keys are https:// URLs of issuers other than GitHub\'s and whose values are "create" or the ARN of that issuer\'s provider, such as {"https://gitlab.com": "create"}',
  }),
};

/** Issuers in `oidcProviders` that no publisher uses. */
export const unusedIssuers = (
  providers: Readonly<Record<string, string>>,
  publishers: readonly Publisher[],
): string[] =>
  Object.keys(providers).filter((issuer) => !publishers.some((each) => jobIdentity(each)?.issuer === issuer));
