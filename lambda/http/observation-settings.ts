import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { isReadableChannel } from '../../lib/domain/names.ts';
import { required } from './settings.ts';

export interface ObservationSettings {
  /** The stack's name: what its metrics are told apart by. */
  readonly service: string;
  /** Channels that are counted by name. */
  readonly trackedChannels: readonly string[];
}

/** What channels are counted under that are not counted by name. */
export const untracked = 'other';

/** Each is a metric of its own, which CloudWatch charges for. */
export const mostTrackedChannels = 20;

export function parseTrackedChannels(text: string): readonly string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  const wrong = names.find((name) => !isReadableChannel(name) || name === untracked);
  if (wrong !== undefined)
    throw new BadSetting(
      'METRIC_CHANNELS',
      `has ${JSON.stringify(wrong)}, which is no channel, or what the others are called`,
    );
  if (names.length > mostTrackedChannels)
    throw new BadSetting('METRIC_CHANNELS', `must be at most ${mostTrackedChannels} channels`);
  return names;
}

export const observationSettings = (
  environment: Readonly<Record<string, string | undefined>>,
): ObservationSettings => ({
  service: required(environment, 'STACK_NAME'),
  trackedChannels: parseTrackedChannels(environment.METRIC_CHANNELS ?? ''),
});
