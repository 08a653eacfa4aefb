import { mostTrackedChannels, parseTrackedChannels } from '../../../lambda/http/observation-settings.ts';
import { isText } from '../../domain/is-text.ts';
import type { Setting } from './setting.ts';

/** As the functions read it, so that a name which they would refuse fails here. */
function channelsOf(value: unknown): readonly string[] | undefined {
  try {
    const given: unknown = typeof value === 'string' && value.startsWith('[') ? JSON.parse(value) : value;
    if (typeof given === 'string') return parseTrackedChannels(given);
    return Array.isArray(given) && given.every(isText) ? parseTrackedChannels(given.join()) : undefined;
  } catch {
    return undefined;
  }
}

const metricChannels: Setting<readonly string[]> = {
  accepted: `at most ${mostTrackedChannels} names of channels, none of them "other", as a list or with commas between them`,
  parse: channelsOf,
  fallback: [],
  about: 'channels that the metrics count by name',
  standard: 'none',
};

export const metricSettings = { metricChannels };
