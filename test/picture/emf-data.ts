interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
}

/** One value of a metric. */
export interface Datum {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string | undefined;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The values that CloudWatch extracts from a log line in the embedded metric format; none from other lines. */
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

/** The metrics of API Gateway and Lambda for these lines, each of which is one request and one invocation. */
export function awsData(lines: readonly (Readonly<Record<string, unknown>> & { readonly time: number })[]): Datum[] {
  return lines
    .filter(({ message }) => message === 'request')
    .flatMap((line) => {
      const { status, time, Latency, OperationLatency } = line;
      const isServe = line.function === 'serve';
      const datum = (namespace: string, name: string, dimensions: Datum['dimensions'], value: number): Datum => ({
        namespace,
        name,
        unit: undefined,
        dimensions,
        value,
        time,
      });
      const api = { ApiId: '<ChannelApi>' };
      const lambda = { FunctionName: isServe ? '<Serve>' : '<Publish>' };
      return [
        datum('AWS/ApiGateway', 'Count', api, 1),
        datum('AWS/ApiGateway', '5xx', api, Number(status) >= 500 ? 1 : 0),
        datum('AWS/ApiGateway', 'DataProcessed', api, 1_200),
        datum('AWS/Lambda', 'Invocations', lambda, 1),
        datum('AWS/Lambda', 'Errors', lambda, 0),
        datum('AWS/Lambda', 'Throttles', lambda, 0),
        datum('AWS/Lambda', 'Duration', lambda, Number(isServe ? Latency : OperationLatency)),
      ];
    });
}
