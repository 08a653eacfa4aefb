import { GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';

export interface Graph {
  readonly title: string;
  readonly left: readonly IMetric[];
  readonly right?: readonly IMetric[];
  /** What stands at the axes. */
  readonly unit: string;
  readonly rightUnit?: string;
  readonly stacked?: boolean;
  readonly width: number;
  /** How far back it shows, where that is not what the dashboard is set to: `-P14D`. */
  readonly start?: string;
}

export const graph = ({
  title,
  left,
  right = [],
  unit,
  rightUnit,
  stacked = false,
  width,
  start,
}: Graph): GraphWidget =>
  new GraphWidget({
    title,
    left: [...left],
    right: [...right],
    leftYAxis: { label: unit, showUnits: false, min: 0 },
    ...(rightUnit === undefined ? {} : { rightYAxis: { label: rightUnit, showUnits: false, min: 0 } }),
    stacked,
    width,
    height: 6,
    ...(start === undefined ? {} : { start }),
  });
