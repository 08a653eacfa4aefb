import { routeKey, routes } from '../../lib/domain/routes.ts';
import { knownActions, knownConditionKeys, knownOperators } from './known-iam-words.ts';
import type { LifecycleRule } from './lifecycle-rule.ts';
import { asList, policyStatements } from './policy-statements.ts';
import type { StackTemplate } from './synth-stack.ts';

type Check = (stack: StackTemplate) => readonly string[];

const authorizationTypes = { none: 'NONE', iam: 'AWS_IAM' } as const;

const describeRoute = (key: unknown, authorization: unknown): string => `route ${key} ${authorization}`;

/** What is in one list alone, with what is said of it. */
const difference = (found: readonly string[], wanted: readonly string[]): string[] => [
  ...found.filter((one) => !wanted.includes(one)).map((one) => `${one}: not in the table`),
  ...wanted.filter((one) => !found.includes(one)).map((one) => `${one}: missing`),
];

const checkRoutes: Check = (stack) =>
  difference(
    stack
      .resources('AWS::ApiGatewayV2::Route')
      .map(({ Properties }) => describeRoute(Properties.RouteKey, Properties.AuthorizationType)),
    routes.map((route) => describeRoute(routeKey(route), authorizationTypes[route.authorization])),
  );

const limitKeys = ['ThrottlingBurstLimit', 'ThrottlingRateLimit'];

const checkRouteSettings: Check = (stack) => {
  const known = stack.resources('AWS::ApiGatewayV2::Route').map(({ Properties }) => String(Properties.RouteKey));
  return stack.resources('AWS::ApiGatewayV2::Stage').flatMap(({ Properties }) => {
    const settings = Object.entries(Properties.RouteSettings as Record<string, Record<string, unknown>>);
    return settings.flatMap(([key, limit]) => [
      ...(known.includes(key) ? [] : [`a limit of ${key}: no such route`]),
      ...difference(
        Object.keys(limit).map((name) => `${name} of ${key}`),
        limitKeys.map((name) => `${name} of ${key}`),
      ),
      ...Object.values(limit)
        .filter((value) => typeof value !== 'number' || value < 1)
        .map((value) => `a limit of ${key} is ${value}`),
    ]);
  });
};

const checkStatements: Check = (stack) =>
  policyStatements([stack.allResources, Object.values(stack.outputs)]).flatMap(({ Action, NotAction, Condition }) => [
    ...(NotAction === undefined ? [] : ['NotAction allows what is not named']),
    ...asList(Action)
      .filter((action) => !knownActions.includes(action))
      .map((action) => `action ${action}: unknown`),
    ...Object.entries(Condition ?? {}).flatMap(([operator, keys]) => [
      ...(knownOperators.includes(operator) ? [] : [`operator ${operator}: unknown`]),
      ...Object.keys(keys)
        .filter((key) => !knownConditionKeys.includes(key))
        .map((key) => `condition key ${key}: unknown`),
    ]),
  ]);

const readAtOnce = ['STANDARD_IA', 'GLACIER_IR'];

function lifecycleFindings(rule: LifecycleRule): string[] {
  const expires = rule.ExpirationInDays !== undefined || rule.NoncurrentVersionExpiration !== undefined;
  const ofReleases = rule.TagFilters?.some(({ Key, Value }) => Key === 'kind' && Value === 'release') ?? false;
  const findings = {
    'is not enabled': rule.Status !== 'Enabled',
    'does nothing': !expires && rule.AbortIncompleteMultipartUpload === undefined && !rule.Transitions?.length,
    'expires what is not the state of an upload': expires && rule.Prefix !== 'uploads/',
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
    return [...(aborts ? [] : ['no lifecycle rule aborts uploads']), ...Rules.flatMap(lifecycleFindings)];
  });

/** What the CDK's own rules, cdk-nag and cfn-lint let through. */
export const checkTemplate: Check = (stack) =>
  [checkRoutes, checkRouteSettings, checkStatements, checkLifecycle].flatMap((check) => check(stack));
