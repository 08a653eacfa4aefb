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
}

export const graph = ({ title, left, right = [], unit, rightUnit, stacked = false, width }: Graph): GraphWidget =>
  new GraphWidget({
    title,
    left: [...left],
    right: [...right],
    leftYAxis: { label: unit, showUnits: false, min: 0 },
    ...(rightUnit === undefined ? {} : { rightYAxis: { label: rightUnit, showUnits: false, min: 0 } }),
    stacked,
    width,
    height: 6,
  });
