import { routeKey, routes } from '../../lib/api/routes.ts';
import { bucketPolicy, deliveryStatements } from '../../lib/domain/bucket-policy.ts';
import { checkDelivery } from './check-delivery.ts';
import { allowedActions, ciIssuers, deniedActions, knownConditionKeys, knownOperators } from './known-iam-words.ts';
import type { LifecycleRule } from './lifecycle-rule.ts';
import { asList, policyStatements, type Statement } from './policy-statements.ts';
import type { StackTemplate } from './synth-stack.ts';

type Check = (stack: StackTemplate) => readonly string[];

const authorizationTypes = { none: 'NONE', iam: 'AWS_IAM' } as const;

const describeRoute = (key: unknown, authorization: unknown, target: unknown): string =>
  `route ${key} ${authorization} to ${target}`;

/** What is in one list alone, with what is said of it. */
const difference = (found: readonly string[], wanted: readonly string[]): string[] => [
  ...found.filter((one) => !wanted.includes(one)).map((one) => `${one}: not in the table`),
  ...wanted.filter((one) => !found.includes(one)).map((one) => `${one}: missing`),
];

/** The function behind an integration, as the table of routes names it. */
function targetOf(stack: StackTemplate, target: unknown): string | undefined {
  const id = /^integrations\/<(\w+)>$/.exec(String(target))?.[1];
  const integration = stack.resources('AWS::ApiGatewayV2::Integration').find((one) => one.id === id);
  return /^<(Serve|Publish)Function\w+\.Arn>$/.exec(String(integration?.Properties.IntegrationUri))?.[1]?.toLowerCase();
}

const checkRoutes: Check = (stack) =>
  difference(
    stack
      .resources('AWS::ApiGatewayV2::Route')
      .map(({ Properties: { RouteKey, AuthorizationType, Target } }) =>
        describeRoute(RouteKey, AuthorizationType, targetOf(stack, Target)),
      ),
    routes.map((route) => describeRoute(routeKey(route), authorizationTypes[route.authorization], route.target)),
  );

const limitKeys = ['ThrottlingBurstLimit', 'ThrottlingRateLimit'];

const checkRouteSettings: Check = (stack) => {
  const known = stack.resources('AWS::ApiGatewayV2::Route').map(({ Properties }) => String(Properties.RouteKey));
  return stack.resources('AWS::ApiGatewayV2::Stage').flatMap(({ Properties }) => {
    const settings = Object.entries(Properties.RouteSettings as Record<string, Record<string, unknown>>);
    const limited = settings.map(([key]) => key);
    const unlimited = routes.filter((route) => route.authorization === 'iam' && !limited.includes(routeKey(route)));
    return settings
      .flatMap(([key, limit]) => [
        ...(known.includes(key) ? [] : [`a limit of ${key}: no such route`]),
        ...difference(
          Object.keys(limit).map((name) => `${name} of ${key}`),
          limitKeys.map((name) => `${name} of ${key}`),
        ),
        ...Object.values(limit)
          .filter((value) => typeof value !== 'number' || value < 1)
          .map((value) => `a limit of ${key} is ${value}`),
      ])
      .concat(unlimited.map((route) => `route ${routeKey(route)} has no limit`));
  });
};

/** The only pattern in a subject: one commit of Buildkite's. */
const oneCommit = `:commit:${'?'.repeat(40)}:`;

/** A role that a token opens must say whose: anybody gets one from the issuer. */
function workflowFindings(condition: Statement['Condition']): string[] {
  const { StringEquals = {}, StringLike = {} } = condition ?? {};
  const isBound = (claim: string): boolean => {
    const values = [StringEquals, StringLike].flatMap((keys) =>
      ciIssuers.flatMap((issuer) => asList(keys[`${issuer}:${claim}`] as Statement['Action'])),
    );
    return values.length > 0 && values.every((value) => /^[^*?]+$/.test(value.replace(oneCommit, ':')));
  };
  const unbound = ['aud', 'sub'].filter((claim) => !isBound(claim));
  return unbound.map((claim) => `a role is opened by a token whose ${claim} may be any`);
}

/** The roles that the bucket's policy must name. */
function rolesOf(stack: StackTemplate): { publishRoleArn: string; takedownRoleArn: string | undefined } {
  const roles = stack.resources('AWS::IAM::Role');
  const publish = roles.find(({ id }) => id.startsWith('PublishRole'))?.id;
  const takedown = roles.find(({ id }) => id.startsWith('Takedown'))?.Properties.RoleName;
  return {
    publishRoleArn: `<${publish}.Arn>`,
    takedownRoleArn: takedown === undefined ? undefined : `arn:<AWS::Partition>:iam::<AWS::AccountId>:role/${takedown}`,
  };
}

/** One role may delete, and only releases, because no policy protects a bucket that the stack did not create. */
const checkDeletions: Check = (stack) =>
  stack.allResources.flatMap((resource) => {
    const found = policyStatements(resource);
    const deletes = (statement: Statement): boolean => asList(statement.Action).some((each) => /Delete/.test(each));
    if (!found.some((each) => each.Effect === 'Allow' && deletes(each))) return [];
    if (!/^Takedown/.test(resource.id)) return [`${resource.id} may delete`];
    const spared = found
      .filter((each) => each.Effect === 'Deny' && asList(each.Action).includes('s3:DeleteObject*'))
      .flatMap(({ Resource }) => asList(Resource).map((arn) => arn.replace(/^.*?\//, '')));
    return ['*.json', 'uploads/*']
      .filter((keys) => !spared.includes(keys))
      .map((keys) => `${resource.id} may delete ${keys}`);
  });

/** Only the role for takedowns may clear caches of CloudFront, and only those of the stack's own distribution. */
const checkInvalidations: Check = (stack) => {
  const own = stack.resources('AWS::CloudFront::Distribution').map(({ id }) => distributionArn(id));
  return stack.allResources.flatMap((resource) =>
    policyStatements(resource)
      .filter(({ Action }) => asList(Action).some((action) => action.startsWith('cloudfront:')))
      .map(({ Resource }) => asList(Resource))
      .filter((arns) => !/^TakedownRole/.test(resource.id) || !arns.every((arn) => own.includes(arn)))
      .map((arns) => `${resource.id} may invalidate in ${arns}`),
  );
};

/** All that binds every writer, word for word: a condition that is turned round is spelt as well as before. */
const checkBucketPolicy: Check = (stack) =>
  stack.resources('AWS::S3::Bucket').flatMap(({ id }) => {
    const found = stack
      .resources('AWS::S3::BucketPolicy')
      .filter(({ Properties }) => Properties.Bucket === `<${id}>`)
      .flatMap(({ Properties }) => policyStatements(Properties.PolicyDocument));
    const roles = found.flatMap(({ Condition }) => asList(Condition?.ArnNotLike?.['aws:PrincipalArn'] as string[]));
    const breakGlassRoleArn = roles.find((arn) => oneRole.test(arn)) ?? 'one role of this account';
    const bucketArn = `<${id}.Arn>`;
    const { publishRoleArn, takedownRoleArn } = rolesOf(stack);
    const distributions = stack.resources('AWS::CloudFront::Distribution').map((one) => distributionArn(one.id));
    const wanted = [
      ...bucketPolicy({ bucketArn, breakGlassRoleArn, publishRoleArn, takedownRoleArn }),
      ...distributions.flatMap((arn) => deliveryStatements({ bucketArn, distributionArn: arn })),
    ];
    return difference(
      found.map((statement) => canonical({ ...statement })),
      wanted.map((statement) => canonical({ ...statement })),
    ).map((finding) => `the bucket's policy: ${finding}`);
  });

const distributionArn = (id: string): string =>
  `arn:<AWS::Partition>:cloudfront::<AWS::AccountId>:distribution/<${id}>`;

const oneRole = /^arn:<AWS::Partition>:iam::<AWS::AccountId>:role\/[\w+=,.@/-]+$/;

const canonical = (statement: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(statement).sort(([one], [other]) => (one < other ? -1 : 1))));

const checkStatements: Check = (stack) =>
  policyStatements([stack.allResources, Object.values(stack.outputs)]).flatMap(
    ({ Effect, Action, NotAction, Condition }) => [
      ...(NotAction === undefined ? [] : ['NotAction allows what is not named']),
      ...asList(Action)
        .filter((action) => !(Effect === 'Allow' ? allowedActions : deniedActions).includes(action))
        .map((action) => `${Effect} ${action}: not meant`),
      ...(asList(Action).includes('sts:AssumeRoleWithWebIdentity') ? workflowFindings(Condition) : []),
      ...Object.entries(Condition ?? {}).flatMap(([operator, keys]) => [
        ...(knownOperators.includes(operator) ? [] : [`operator ${operator}: unknown`]),
        ...Object.keys(keys)
          .filter((key) => !knownConditionKeys.includes(key))
          .map((key) => `condition key ${key}: unknown`),
      ]),
    ],
  );

const readAtOnce = ['STANDARD_IA', 'GLACIER_IR'];

const isOfRetired = ({ TagFilters = [] }: LifecycleRule): boolean =>
  TagFilters.some(({ Key, Value }) => Key === 'kind' && Value === 'retired');

function lifecycleFindings(rule: LifecycleRule): string[] {
  const isDerived = rule.Prefix === 'facts/' && rule.ExpirationInDays === undefined;
  const expires = rule.ExpirationInDays !== undefined || rule.NoncurrentVersionExpiration !== undefined;
  const ofReleases = rule.TagFilters?.some(({ Key, Value }) => Key === 'kind' && Value === 'release') ?? false;
  const findings = {
    'is not enabled': rule.Status !== 'Enabled',
    'does nothing':
      !expires &&
      rule.ExpiredObjectDeleteMarker !== true &&
      rule.AbortIncompleteMultipartUpload === undefined &&
      !rule.Transitions?.length,
    'expires what is neither the state of an upload, nor derived, nor retired':
      expires && rule.Prefix !== 'uploads/' && !isDerived && !isOfRetired(rule),
    'moves what is not a release': rule.Transitions !== undefined && !ofReleases,
    'moves releases where they are not read at once':
      rule.Transitions?.some(({ StorageClass }) => !readAtOnce.includes(StorageClass)) ?? false,
  };
  return Object.entries(findings).flatMap(([what, found]) => (found ? [`lifecycle rule ${rule.Id} ${what}`] : []));
}

const checkLifecycle: Check = (stack) =>
  stack.resources('AWS::S3::Bucket').flatMap(({ Properties }) => {
    const { Rules = [] } = (Properties.LifecycleConfiguration ?? {}) as { Rules?: readonly LifecycleRule[] };
    const aborts = Rules.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined);
    const deletes = Rules.some(
      (rule) => isOfRetired(rule) && rule.ExpirationInDays && rule.NoncurrentVersionExpiration,
    );
    const tidies = Rules.some(({ ExpiredObjectDeleteMarker }) => ExpiredObjectDeleteMarker);
    return [
      ...(aborts ? [] : ['no lifecycle rule aborts uploads']),
      ...(deletes ? [] : ['no lifecycle rule deletes what is retired, with its versions']),
      ...(tidies ? [] : ['no lifecycle rule removes delete markers']),
      ...Rules.flatMap(lifecycleFindings),
    ];
  });

/** What the CDK's own rules, cdk-nag and cfn-lint let through. */
export const checkTemplate: Check = (stack) =>
  [
    checkRoutes,
    checkRouteSettings,
    checkStatements,
    checkDeletions,
    checkBucketPolicy,
    checkLifecycle,
    checkDelivery,
    checkInvalidations,
  ].flatMap((check) => check(stack));
