import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ReleaseTransition } from '../settings/parse-retention.ts';

/** What dashboard and alarms look at. */
export interface Observed {
  /** The stack's name, by which the functions' metrics are told apart. */
  readonly service: string;
  readonly api: HttpApi;
  /** Undefined where the bucket is not one of AWS. */
  readonly bucketName: string | undefined;
  /** Where releases move when they are old, if they do. */
  readonly releaseTransition?: ReleaseTransition | undefined;
  readonly serve: IFunction;
  readonly publish: IFunction;
  readonly serveLog: ILogGroup;
  readonly publishLog: ILogGroup;
  readonly accessLog: ILogGroup;
  /** Channels that are counted by name; none are where the list is empty. */
  readonly metricChannels: readonly string[];
}
