import { describe, expect, it } from '@jest/globals';
import { observationSettings } from '../../../lambda/http/observation-settings.ts';

const sound = { STACK_NAME: 'NixChannelStack' };

describe('what is told of how to log and count', () => {
  it('has the name of the stack, and otherwise counts no channel by name', () => {
    expect(observationSettings(sound)).toEqual({ service: 'NixChannelStack', trackedChannels: [] });
    expect(observationSettings({ ...sound, METRIC_CHANNELS: 'a,b,a' })).toMatchObject({
      trackedChannels: ['a', 'b'],
    });
  });

  it.each([
    [{ STACK_NAME: '' }, 'STACK_NAME is not set'],
    [{ METRIC_CHANNELS: 'a b' }, 'METRIC_CHANNELS has "a b"'],
    [{ METRIC_CHANNELS: Array.from({ length: 21 }, (_, place) => `c${place}`).join() }, 'at most 20 channels'],
  ])('refuses %j', (wrong, message) => {
    expect(() => observationSettings({ ...sound, ...wrong })).toThrow(message);
  });
});
