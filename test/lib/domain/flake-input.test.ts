import { describe, expect, it } from '@jest/globals';
import { flakeInput } from '../../../lib/domain/flake-input.ts';

describe('the line of a flake that follows a channel', () => {
  it.each([
    ['demo', 'demo'],
    ['nixos-25.05', 'nixos-25-05'],
    ['a+b_c', 'a-b_c'],
    ['25.05', '_25-05'],
  ])('names the channel %s as %s', (channel, attribute) => {
    const url = 'https://channels.test/channel/x.tar.xz';
    expect(flakeInput(channel, url)).toBe(`inputs.${attribute}.url = "${url}";`);
  });
});
