import { readDashboard, type Widget } from '../picture/read-dashboard.ts';
import { asList, policyStatements } from './policy-statements.ts';
import type { Resource, StackTemplate } from './synth-stack.ts';

type Properties = Readonly<Record<string, unknown>>;

/** `key=value` of what is there. */
const pairs = (values: Properties): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');

const statements = (value: unknown): string[] =>
  policyStatements(value).map(({ Sid, Effect, Action, NotAction, Resource, NotResource, Condition }) =>
    [
      Sid === undefined ? Effect : `${Sid}: ${Effect}`,
      NotAction === undefined ? asList(Action).join(' ') : `all but ${asList(NotAction).join(' ')}`,
      ...(Resource === undefined ? [] : [`on ${asList(Resource).join(' ')}`]),
      ...(NotResource === undefined ? [] : [`on all but ${asList(NotResource).join(' ')}`]),
      ...(Condition === undefined ? [] : [`if ${JSON.stringify(Condition)}`]),
    ].join(' '),
  );

/** Limits of routes, those that are alike in one line. */
function limits(settings: Properties): string[] {
  const groups = Map.groupBy(Object.entries(settings), ([, limit]) => JSON.stringify(limit));
  return [...groups].map(([limit, routes]) => {
    const folders = new Set(routes.map(([key]) => key.replace(/^\w+ (\/\w+).*$/, '$1')));
    return `${limit} of each of ${routes.length} routes under ${[...folders].join(', ')}`;
  });
}

const operators: Readonly<Record<string, string>> = { GreaterThanOrEqualToThreshold: '>=', LessThanThreshold: '<' };

const told = ({ AlarmActions, OKActions }: Properties): string[] =>
  String(AlarmActions) === String(OKActions)
    ? [pairs({ 'tells of begin and end': AlarmActions })]
    : [pairs({ 'tells of the begin': AlarmActions, 'tells of the end': OKActions })];

function alarmLine(properties: Properties): string {
  const { Namespace, MetricName, Dimensions, Statistic, Period, ...rest } = properties;
  const { ComparisonOperator, Threshold, DatapointsToAlarm, EvaluationPeriods, TreatMissingData } = rest;
  return [
    `${Statistic} of ${Namespace} ${MetricName} ${JSON.stringify(Dimensions ?? [])}`,
    `${operators[String(ComparisonOperator)] ?? ComparisonOperator} ${Threshold}`,
    `in ${DatapointsToAlarm} of ${EvaluationPeriods} periods of ${Period} s, none is ${TreatMissingData}`,
  ].join(', ');
}

function widgetLines({ type, title, metrics, query, alarms, units }: Widget): string[] {
  if (type === 'text') return [];
  if (type === 'log') return [`"${title}": ${query.replaceAll('\n', ' ')}`];
  if (type === 'alarm') return [`"${title}": ${alarms.length} alarms`];
  return metrics.map(({ namespace, name, dimensions, anyOf, statistic, period, label, axis }) =>
    [
      `"${title}" (${axis}, ${units[axis === 'left' ? 0 : 1]}): ${statistic} of ${namespace} ${name}`,
      `${JSON.stringify(dimensions)}${anyOf.length === 0 ? '' : ` by ${anyOf.join()}`} every ${period} s as "${label}"`,
    ].join(' '),
  );
}

/** What of a resource is worth a line in review; each text of an array is a line of its own. */
const shown: Readonly<Record<string, (properties: Properties) => readonly string[]>> = {
  'AWS::S3::Bucket': ({ VersioningConfiguration, ObjectLockConfiguration, LifecycleConfiguration }) => [
    pairs({ VersioningConfiguration, ObjectLockConfiguration }),
    ...(LifecycleConfiguration as { Rules: unknown[] }).Rules.map((rule) => JSON.stringify(rule)),
  ],
  'AWS::S3::BucketPolicy': ({ PolicyDocument }) => statements(PolicyDocument),
  'AWS::IAM::Role': (properties) => statements(properties),
  'AWS::IAM::ManagedPolicy': ({ PolicyDocument }) => statements(PolicyDocument),
  'AWS::Lambda::Function': ({ MemorySize, Timeout, ReservedConcurrentExecutions, Environment }) => [
    pairs({ MemorySize, Timeout, ReservedConcurrentExecutions }),
    ...Object.entries((Environment as { Variables: Properties } | undefined)?.Variables ?? {}).map(
      ([name, value]) => `${name}=${value}`,
    ),
  ],
  'AWS::ApiGatewayV2::Stage': ({ StageName, RouteSettings }) => [
    pairs({ StageName }),
    ...limits(RouteSettings as Properties),
  ],
  'AWS::CloudWatch::Alarm': (properties) => [alarmLine(properties), ...told(properties)],
  'AWS::CloudWatch::Dashboard': ({ DashboardName, DashboardBody }) => [
    pairs({ DashboardName }),
    ...readDashboard(String(DashboardBody)).flatMap(widgetLines),
  ],
};

const longestLine = 200;
const cut = (line: string): string => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);

/** Routes are many and alike, so each is one line. */
const routeLine = ({ RouteKey, AuthorizationType, Target }: Properties): string =>
  `route ${RouteKey} ${AuthorizationType} ${String(Target).replace(/^integrations\/<(.*)>$/, '$1')}`;

function resourceLines({ id, Type, Properties = {}, DeletionPolicy }: Resource): string[] {
  if (Type === 'AWS::ApiGatewayV2::Route') return [routeLine(Properties)];
  const details = shown[Type]?.(Properties) ?? [cut(pairs(Properties))];
  const tags = Properties.Tags === undefined ? [] : [pairs({ Tags: Properties.Tags })];
  return [
    `${id} ${Type}${DeletionPolicy === undefined ? '' : `, deletion: ${DeletionPolicy}`}`,
    ...[...details, ...tags].filter((line) => line !== '' && line !== cut(tags.join())).map((line) => `    ${line}`),
  ];
}

/** A template in lines that a person reads: each resource by its logical id, with what decides what it does, and the outputs. */
export function digestTemplate(stack: StackTemplate): readonly string[] {
  const { Environment } = stack.resource('AWS::Lambda::Function', 'Serve').Properties;
  const { STACK_NAME: name } = (Environment as { Variables: Properties }).Variables;
  // What is counted is counted under the stack's name, whichever it is.
  const masked = (line: string): string =>
    line.replaceAll(`"${name}"`, '"<stack>"').replaceAll(`NixChannels/${name} `, 'NixChannels/<stack> ');
  return [
    ...stack.allResources.flatMap(resourceLines).map(masked),
    ...Object.entries(stack.outputs).map(([name, { Value }]) => `output ${name}: ${cut(Value)}`),
  ];
}

/** What one digest has and the other has not: lines of `from` with a minus, of `to` with a plus, below their resource. */
export function compareDigests(from: readonly string[], to: readonly string[]): readonly string[] {
  const owned = (lines: readonly string[]): ReadonlySet<string> => new Set(withOwners(lines));
  const [before, after] = [owned(from), owned(to)];
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ];
}

function withOwners(lines: readonly string[]): string[] {
  let owner = '';
  return lines.map((line) => {
    if (line.startsWith('    ')) return `${owner}: ${line.trim()}`;
    owner = line.split(/[ ,]/)[0] ?? '';
    return line;
  });
}
