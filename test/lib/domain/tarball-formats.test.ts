import { describe, expect, it } from '@jest/globals';
import { tarballFormatOf } from '../../../lib/domain/tarball-formats.ts';

describe('the format of a tarball', () => {
  it.each([
    ['a.tar.xz', '.tar.xz'],
    ['a.tar.gz', '.tar.gz'],
    ['a.tar.bz2', '.tar.bz2'],
    ['a.tar.zst', '.tar.zst'],
    ['a.tar', '.tar'],
    ['a.tgz', '.tgz'],
    ['a.zip', '.zip'],
    ['a.iso', undefined],
    ['a.txz', undefined],
    ['atar', undefined],
    ['a.TAR', undefined],
  ])('of %s is %s', (name, format) => {
    expect(tarballFormatOf(name)).toBe(format);
  });
});
