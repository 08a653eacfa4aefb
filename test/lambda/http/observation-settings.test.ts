import { describe, expect, it } from '@jest/globals';
import { observationSettings } from '../../../lambda/http/observation-settings.ts';

const sound = { STACK_NAME: 'NixChannelStack' };

describe('what is told of how to log and count', () => {
  it('has the name of the stack, and otherwise counts no channel by name', () => {
    expect(observationSettings(sound)).toEqual({ service: 'NixChannelStack', trackedChannels: [], logLevel: 'info' });
    expect(observationSettings({ ...sound, METRIC_CHANNELS: 'a,b,a', LOG_LEVEL: 'WARN' })).toMatchObject({
      trackedChannels: ['a', 'b'],
      logLevel: 'warn',
    });
  });

  it.each([
    [{ STACK_NAME: '' }, 'STACK_NAME is not set'],
    [{ METRIC_CHANNELS: 'a b' }, 'METRIC_CHANNELS has "a b"'],
    [{ METRIC_CHANNELS: Array.from({ length: 21 }, (_, place) => `c${place}`).join() }, 'at most 20 channels'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of debug, info, warn, error'],
  ])('refuses %j', (wrong, message) => {
    expect(() => observationSettings({ ...sound, ...wrong })).toThrow(message);
  });
});
