import * as z from 'zod';

export const exactlyOne =
  (...keys: readonly [string, string, ...string[]]) =>
  (value: object): boolean =>
    keys.filter((key) => key in value).length === 1;

export const words = (pattern: RegExp, accepted: string) =>
  z.string(`must be ${accepted}`).regex(pattern, `must be ${accepted}`);

/**
 * IAM reads `*` and `?` in a value as wildcards and `${` as a variable. Git allows none of them in a ref but `$`, and no colon
 * (git-check-ref-format), so a ref cannot reach into the next part of a subject.
 */
const ref = words(
  /^refs\/(?:heads|tags)\/[^\s*?$[\\^~:]{1,255}$/,
  'a whole ref without wildcards, such as refs/heads/main',
);

/** With its scheme, without a port: as IAM takes it (IAM user guide, "Create an OpenID Connect (OIDC) identity provider"). */
const issuer = (path: string, example: string) =>
  words(
    new RegExp(String.raw`^https://(?=.{1,200}$)(?:[a-z0-9-]+\.)+[a-z0-9-]*[a-z][a-z0-9-]*(?:/[\w.-]+)*${path}$`),
    `its https:// URL in lower case without port and final slash, such as ${example}`,
  );

const audience = words(
  /^[\w:/.-]{1,255}$/,
  'the audience that its tokens are made for: 1–255 letters, digits and : / . _ -',
);

/**
 * One ref or one environment of one repository, never a pattern. Repositories created or renamed since July 2026 have their
 * numbers in the subject of their tokens, as `owner@123/name@456` (GitHub, "Immutable subject claims").
 */
const github = z
  .strictObject(
    {
      repository: words(
        /^(?=.{1,200}$)[\w.-]+(?:\/[\w.-]+|@\d+\/[\w.-]+@\d+)$/,
        'owner/name, or owner@OWNER_ID/name@REPOSITORY_ID as in the subject of its tokens',
      ),
      ref: ref.optional(),
      environment: words(/^[^*?$\p{Cc}]{1,255}$/u, 'the name of an environment, without wildcards').optional(),
    },
    'must be an object with a repository, and a ref or an environment',
  )
  .refine(exactlyOne('ref', 'environment'), 'must have either ref or environment');

/** One branch or tag of one project (GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens"). */
const gitlab = z.strictObject(
  {
    project: words(
      /^(?=.{1,255}$)[\w.-]+(?:\/[\w.-]+)+$/,
      'the path of a project with all its groups, such as group/subgroup/project',
    ),
    ref,
    issuer: issuer('', 'https://gitlab.example.org').default('https://gitlab.com'),
    audience: audience.optional(),
  },
  'must be an object with a project and a ref',
);

/** One ref of one repository of an instance (Forgejo, "Actions | Security OpenID Connect"). */
const forgejo = z.strictObject(
  {
    issuer: issuer('/api/actions', 'https://forgejo.example.org/api/actions'),
    repository: words(
      /^(?=.{1,200}$)[\w.-]+\/[\w.-]+$/,
      'owner/name, or owner-OWNER_ID/name-REPOSITORY_ID as in the subject of its tokens',
    ),
    ref,
    audience: audience.default('sts.amazonaws.com'),
  },
  'must be an object with an issuer, a repository and a ref',
);

/** One step of one pipeline at one ref (Buildkite, "OIDC with AWS"). */
const buildkite = z.strictObject(
  {
    organization: words(/^[a-z0-9-]{1,100}$/, 'the slug of an organization'),
    pipeline: words(/^[a-z0-9-]{1,100}$/, 'the slug of a pipeline'),
    ref,
    step: words(/^[\w-]{1,100}$/, 'the key of a step: 1–100 letters, digits, _ and -'),
    audience: audience.default('sts.amazonaws.com'),
  },
  'must be an object with an organization, a pipeline, a ref and the key of a step',
);

/** The keys of a publisher that name a job of a CI system. */
export const ciSystems = { github, gitlab, forgejo, buildkite };

export type CiPublisher = {
  readonly [System in keyof typeof ciSystems]?: z.infer<(typeof ciSystems)[System]> | undefined;
};

/** What the tokens of a job say about it. */
export interface JobIdentity {
  /** An https:// URL. */
  readonly issuer: string;
  readonly audience: string;
  /** One of these, in which `?` stands for one character. */
  readonly subjects: readonly string[];
}

export const githubIssuer = 'https://token.actions.githubusercontent.com';

/** GitHub writes a colon in the name of an environment as %3A (GitHub, "OpenID Connect reference"). */
function githubJob({ repository, ref, environment = '' }: z.infer<typeof github>): JobIdentity {
  const rest = ref === undefined ? `environment:${environment.replaceAll(':', '%3A')}` : `ref:${ref}`;
  return { issuer: githubIssuer, audience: 'sts.amazonaws.com', subjects: [`repo:${repository}:${rest}`] };
}

function gitlabJob({ project, ref, issuer, audience = issuer }: z.infer<typeof gitlab>): JobIdentity {
  const [, type, ...name] = ref.split('/');
  const kind = type === 'tags' ? 'tag' : 'branch';
  return { issuer, audience, subjects: [`project_path:${project}:ref_type:${kind}:ref:${name.join('/')}`] };
}

const forgejoJob = ({ issuer, repository, ref, audience }: z.infer<typeof forgejo>): JobIdentity => ({
  issuer,
  audience,
  subjects: [`repo:${repository}:ref:${ref}`],
});

/**
 * The commit is the only part that is not known before. It is 40 single wildcards, or the word HEAD where a build was begun
 * without a commit. A star would also match the colon in the branch of a fork: the user `main` with the branch
 * `commit` builds `refs/heads/main:commit`.
 */
function buildkiteJob({ organization, pipeline, ref, step, audience }: z.infer<typeof buildkite>): JobIdentity {
  const subjects = ['?'.repeat(40), 'HEAD'].map(
    (commit) => `organization:${organization}:pipeline:${pipeline}:ref:${ref}:commit:${commit}:step:${step}`,
  );
  return { issuer: 'https://agent.buildkite.com', audience, subjects };
}

/** The identity of the job that a publisher names; undefined if it names a principal. */
export function jobIdentity({ github, gitlab, forgejo, buildkite }: CiPublisher): JobIdentity | undefined {
  if (github !== undefined) return githubJob(github);
  if (gitlab !== undefined) return gitlabJob(gitlab);
  if (forgejo !== undefined) return forgejoJob(forgejo);
  return buildkite === undefined ? undefined : buildkiteJob(buildkite);
}
