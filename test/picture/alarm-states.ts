import type { Datum } from './emf-data.ts';
import { seriesOf, type Window } from './series.ts';

interface AlarmProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  readonly Statistic: string;
  readonly Period: number;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

/**
 * Whether an alarm of the template is on, at the end of each of its periods (CloudWatch user guide, "Evaluating an alarm").
 *
 * @param properties of an AWS::CloudWatch::Alarm
 */
export function alarmStates(properties: object, data: readonly Datum[], window: Window): readonly boolean[] {
  const alarm = properties as AlarmProperties;
  const { EvaluationPeriods: among, DatapointsToAlarm: periods = among, Threshold: threshold } = alarm;
  const shown = {
    namespace: alarm.Namespace,
    name: alarm.MetricName,
    dimensions: Object.fromEntries((alarm.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
    anyOf: [],
    statistic: alarm.Statistic,
    period: alarm.Period,
    label: '',
    axis: 'left' as const,
  };
  const holds: Readonly<Record<string, (value: number) => boolean>> = {
    GreaterThanOrEqualToThreshold: (value) => value >= threshold,
    LessThanThreshold: (value) => value < threshold,
  };
  const isOver = holds[alarm.ComparisonOperator];
  if (isOver === undefined) throw new Error(`The comparison operator ${alarm.ComparisonOperator} is not implemented`);
  const values = seriesOf(shown, data, window)[0]?.values ?? [];
  const over = values.map((value) => (value === undefined ? alarm.TreatMissingData === 'breaching' : isOver(value)));
  return over.map(
    (_, place) => over.slice(Math.max(0, place + 1 - among), place + 1).filter(Boolean).length >= periods,
  );
}
