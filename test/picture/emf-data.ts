interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
}

/** One value of a metric, as CloudWatch takes it out of a line. */
export interface Datum {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string | undefined;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What CloudWatch takes out of a log line in the embedded metric format; nothing out of any other. */
export function emfData(line: Readonly<Record<string, unknown>>): readonly Datum[] {
  if (!('_aws' in line)) return [];
  const { Timestamp, CloudWatchMetrics } = line._aws as {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly Directive[];
  };
  return CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((set) =>
      Metrics.map(({ Name, Unit }) => ({
        namespace: Namespace,
        name: Name,
        unit: Unit,
        dimensions: Object.fromEntries(set.map((dimension) => [dimension, String(line[dimension])])),
        value: line[Name] as number,
        time: Timestamp,
      })),
    ),
  );
}
