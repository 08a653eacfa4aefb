import type { Datum } from './emf-data.ts';

/** What AWS itself would count of these lines: a request at the gateway and a run of a function for each. */
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
