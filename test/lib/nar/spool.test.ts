import { describe, expect, it } from '@jest/globals';
import { spoolDirectory } from '../../../lib/nar/spool.ts';

describe('spoolDirectory', () => {
  it.each([
    [{ TMPDIR: '/scratch' }, '/scratch'],
    [{ TMPDIR: '' }, '/var/tmp'],
    [{}, '/var/tmp'],
  ])('puts large temporary files, with the environment %j, into %s', (env, expected) =>
    expect(spoolDirectory(env)).toBe(expected),
  );
});
