import { describe, expect, it } from '@jest/globals';
import { spoolDirectory } from '../../../lib/nar/spool.ts';

describe('the place of large temporary files', () => {
  it.each([
    [{ TMPDIR: '/scratch' }, '/scratch'],
    [{ TMPDIR: '' }, '/var/tmp'],
    [{}, '/var/tmp'],
  ])('of %j is %s', (env, expected) => expect(spoolDirectory(env)).toBe(expected));
});
