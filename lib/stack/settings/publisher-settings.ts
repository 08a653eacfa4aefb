import * as z from 'zod/mini';
import { publisherPaths } from '../../api/routes.ts';
import { partitionIds } from '../../domain/aws.ts';
import { assertChannelName } from '../../domain/names.ts';
import { BadSetting } from '../../domain/problem.ts';
import { accept, type Setting } from './setting.ts';

const onlyOne = (keys: readonly string[]) =>
  z.refine<object>((value) => keys.filter((key) => key in value).length === 1, `have either ${keys.join(' or ')}`);

const words = (pattern: RegExp, accepted: string) =>
  z.string(`be ${accepted}`).check(z.regex(pattern, `be ${accepted}`));

const list = <Item extends z.ZodMiniType>(item: Item) => z._default(z.array(item, 'be a list'), []);

const channel = z.string('be the name of a channel');

/**
 * One ref or one environment of one repository, never a pattern. Repositories made or renamed since July 2026 have their
 * numbers in the subject of their tokens, as `owner@123/name@456` (GitHub, "Immutable subject claims").
 */
const github = z
  .strictObject(
    {
      repository: words(
        /^(?=.{1,200}$)[\w.-]+(?:\/[\w.-]+|@\d+\/[\w.-]+@\d+)$/,
        'owner/name, or owner@OWNER_ID/name@REPOSITORY_ID as the subject of its tokens has it',
      ),
      ref: z.optional(
        words(
          /^refs\/(?:heads|tags)\/[^\s*?$[\\^~:]{1,255}$/,
          'a whole ref without wildcards, such as refs/heads/main',
        ),
      ),
      environment: z.optional(words(/^[^*?$\p{Cc}]{1,255}$/u, 'the name of an environment, without wildcards')),
    },
    'be an object with a repository, and a ref or an environment',
  )
  .check(onlyOne(['ref', 'environment']));

const publisher = z
  .strictObject(
    {
      name: words(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, '1–40 letters, digits and hyphens that begin with a letter'),
      github: z.optional(github),
      principal: z.optional(
        words(
          new RegExp(
            String.raw`^arn:${partitionIds}:iam::\d{12}:(?:role|user)/(?=.{1,576}$)(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}$`,
          ),
          'the ARN of a role or a user, without wildcards, such as arn:aws:iam::123456789012:role/ci',
        ),
      ),
      channels: list(channel),
      promotions: list(z.strictObject({ from: channel, to: channel }, 'be {"from": CHANNEL, "to": CHANNEL}')),
      administrator: z._default(z.boolean('be true or false'), false),
    },
    'be an object',
  )
  .check(onlyOne(['github', 'principal']));

/** A template has 200 outputs at most (CloudFormation user guide, "Quotas"): two for each, and some of the stack's own. */
const mostPublishers = 90;

const publisherList = z
  .array(publisher, 'be a list of publishers, in JSON')
  .check(z.maxLength(mostPublishers, `be at most ${mostPublishers} publishers`));

/** Who may publish, and what. */
export type Publisher = z.infer<typeof publisher>;

/** `nixos-ci` is `NixosCi` in the ids of resources and outputs. */
export const publisherId = (name: string): string =>
  name.replaceAll(/(?:^|-+)([A-Za-z0-9]?)/g, (_, first: string) => first.toUpperCase());

function fromJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new BadSetting('The setting publishers', 'must be JSON, in one line where it is given by -c');
  }
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');

/** Characters of a managed policy (IAM user guide, "IAM and AWS STS quotas"), and of an ARN without its path at most. */
const policyQuota = 6_144;
const arnLength = 85;

function checkRights(publisher: Publisher, place: string): void {
  const { name, channels, promotions, administrator } = publisher;
  const named = [...channels, ...promotions.flatMap(({ from, to }) => [from, to])];
  for (const one of named) {
    try {
      assertChannelName(one);
    } catch (error) {
      throw new BadSetting(place, `(${name}) must name channels: ${(error as Error).message.replace(/\.$/, '')}`);
    }
  }
  if (named.length > 0 && administrator)
    throw new BadSetting(place, `(${name}) must not list channels or promotions: an administrator has them all`);
  if (named.length === 0 && !administrator)
    throw new BadSetting(place, `(${name}) must have channels, promotions or "administrator": true`);
  const size = publisherPaths(publisher).reduce((sum, [, path]) => sum + arnLength + path.length, 200);
  if (size > policyQuota)
    throw new BadSetting(
      place,
      `(${name}) must fit into one policy of ${policyQuota} characters: make two publishers of it`,
    );
}

/** @throws BadSetting that names the place within the list */
export function parsePublishers(value: unknown): readonly Publisher[] {
  const parsed = publisherList.safeParse(fromJson(value));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = `The setting publishers${placeOf(issue?.path ?? [])}`;
    if (issue?.code !== 'unrecognized_keys') throw new BadSetting(place, `must ${issue?.message ?? 'be valid'}`);
    throw new BadSetting(place, `must not have the key ${JSON.stringify(issue.keys[0])}`);
  }
  const ids = new Map<string, string>();
  parsed.data.forEach((one, index) => {
    const place = `The setting publishers[${index}]`;
    checkRights(one, place);
    const id = publisherId(one.name).toLowerCase();
    const other = ids.get(id);
    if (other !== undefined)
      throw new BadSetting(
        place,
        `must have another name than ${one.name}: with ${other} before it, ids would collide`,
      );
    ids.set(id, one.name);
  });
  return parsed.data;
}

const publishers: Setting<readonly Publisher[]> = {
  accepted: 'a list of publishers, in JSON',
  parse: parsePublishers,
  fallback: [],
  standard: 'none',
  about: 'who may publish what, as a list: [docs/deploy.md](docs/deploy.md#publishers)',
};

const githubOidcProvider: Setting<string | undefined> = {
  ...accept.matching(
    new RegExp(
      String.raw`^(?:create|arn:${partitionIds}:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com)$`,
    ),
    '"create", or the ARN of the provider for token.actions.githubusercontent.com that the account has',
  ),
  fallback: undefined,
  standard: "the account's",
  about: '`create` where the account has no provider for GitHub Actions yet, or its ARN',
};

export const publisherSettings = { publishers, githubOidcProvider };
