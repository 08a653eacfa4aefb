import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxFileBytes, partLength, planParts } from '../../../lib/domain/release.ts';

const mebibyte = 1024 ** 2;
const sizes = fc.oneof(fc.integer({ min: 1, max: maxFileBytes }), fc.integer({ min: 1, max: 1024 * mebibyte }));

describe('planParts', () => {
  it.each([
    ['one byte', 1, 16 * mebibyte, 1],
    ['a whole part', 16 * mebibyte, 16 * mebibyte, 1],
    ['a byte more than a part', 16 * mebibyte + 1, 16 * mebibyte, 2],
    ['5 GiB', 5 * 1024 * mebibyte, 16 * mebibyte, 320],
    ['10,000 parts of the usual size', 160_000 * mebibyte, 16 * mebibyte, 10_000],
    ['a byte more than 10,000 parts of the usual size', 160_000 * mebibyte + 1, 17 * mebibyte, 9_412],
    ['5 TiB', maxFileBytes, 525 * mebibyte, 9_987],
  ])('cuts a file of %s', (_, size, partSize, count) => {
    expect(planParts(size)).toEqual({ partSize, count });
  });

  it('gives what S3 accepts: at most 10,000 parts, each of 5 MiB to 5 GiB but the last', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const { partSize, count } = planParts(size);
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThanOrEqual(10_000);
        expect(partSize).toBeGreaterThanOrEqual(16 * mebibyte);
        expect(partSize).toBeLessThanOrEqual(5 * 1024 * mebibyte);
        expect(partSize % mebibyte).toBe(0);
      }),
      { seed: 9 },
    );
  });

  it('gives lengths that add up to the size, all equal but the last', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const { partSize, count } = planParts(size);
        const lengths = Array.from({ length: count }, (_, index) => partLength(size, index + 1));
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(size);
        expect(lengths.slice(0, -1).every((length) => length === partSize)).toBe(true);
        expect(lengths.at(-1)).toBeGreaterThan(0);
      }),
      { seed: 10, numRuns: 50 },
    );
  });
});
