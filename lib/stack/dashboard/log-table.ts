import { LogQueryVisualizationType, LogQueryWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';

export interface LogTable {
  readonly title: string;
  readonly logs: readonly ILogGroup[];
  /** CloudWatch Logs Insights. */
  readonly query: readonly string[];
  readonly width: number;
}

export const logTable = ({ title, logs, query, width }: LogTable): LogQueryWidget =>
  new LogQueryWidget({
    title,
    logGroupNames: logs.map(({ logGroupName }) => logGroupName),
    queryLines: [...query],
    view: LogQueryVisualizationType.TABLE,
    width,
    height: 6,
  });
