export interface EmfDirective {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string; readonly StorageResolution?: number }[];
}

type Line = Readonly<Record<string, unknown>>;

const units = ['Seconds', 'Milliseconds', 'Bytes', 'Count', 'None', 'Percent'];

const rule = (isKept: boolean, broken: string): readonly string[] => (isKept ? [] : [broken]);

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= most;

function brokenDirective({ Namespace, Dimensions, Metrics }: EmfDirective, line: Line): readonly string[] {
  return [
    ...rule(isText(Namespace, 1_024), 'the namespace is no text of 1 to 1024 characters'),
    ...rule(Array.isArray(Dimensions) && Dimensions.length >= 1, 'there is no set of dimensions'),
    ...Dimensions.flatMap((set) => [
      ...rule(set.length <= 30, 'a set has more than 30 dimensions'),
      ...rule(new Set(set).size === set.length, 'a dimension stands twice in its set'),
      ...set.flatMap((name) => [
        ...rule(isText(name, 250), `the dimension ${name} has no name of 1 to 250 characters`),
        ...rule(isText(line[name], 1_024), `the dimension ${name} has no text of 1 to 1024 characters`),
      ]),
    ]),
    ...rule(Metrics.length >= 1 && Metrics.length <= 100, 'a directive has no metric, or more than 100'),
    ...Metrics.flatMap(({ Name, Unit = 'None', StorageResolution = 60, ...others }) => [
      ...rule(isText(Name, 1_024), 'a metric has no name'),
      ...rule(units.includes(Unit), `${Name} has the unit ${Unit}`),
      ...rule([1, 60].includes(StorageResolution), `${Name} has the resolution ${StorageResolution}`),
      ...rule(Object.keys(others).length === 0, `${Name} has keys that a definition does not have`),
      ...rule(typeof line[Name] === 'number' && Number.isFinite(line[Name]), `${Name} has no number`),
    ]),
  ];
}

/** Milliseconds: CloudWatch drops what is older, or later than so. */
const oldest = 14 * 86_400_000;
const latest = 2 * 3_600_000;

/**
 * What breaks the embedded metric format in a line, as sentences (CloudWatch user guide, "Specification: Embedded metric
 * format"). A line without `_aws` is no metric at all.
 *
 * @param now milliseconds since 1970
 */
export function brokenEmf(line: Line, now: number): readonly string[] {
  if (!('_aws' in line)) return [];
  const { Timestamp, CloudWatchMetrics, ...others } = line._aws as {
    readonly Timestamp: unknown;
    readonly CloudWatchMetrics: readonly EmfDirective[];
  };
  return [
    ...rule(Number.isSafeInteger(Timestamp), 'the timestamp is no whole number of milliseconds'),
    ...rule(Number(Timestamp) > now - oldest && Number(Timestamp) < now + latest, 'the timestamp is not of these days'),
    ...rule(Object.keys(others).length === 0, '_aws has keys that the format does not have'),
    ...rule(Buffer.byteLength(JSON.stringify(line)) <= 1024 * 1024, 'the line is over 1 MB'),
    ...(Array.isArray(CloudWatchMetrics)
      ? CloudWatchMetrics.flatMap((directive) => brokenDirective(directive, line))
      : ['there are no directives']),
  ];
}
