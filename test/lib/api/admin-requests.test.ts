import { describe, expect, it } from '@jest/globals';
import { parsePin, parseRetirement, parseTakedown } from '../../../lib/api/admin-requests.ts';

describe('a request to retire', () => {
  const operation = 'operation-a';
  const refusal = (body: object, parse: (text: string) => unknown = parseRetirement): unknown => {
    try {
      return parse(JSON.stringify({ operation, ...body }));
    } catch (error) {
      return error;
    }
  };
  const of = (field: string, message: RegExp) =>
    expect.objectContaining({ field, message: expect.stringMatching(message) });

  it.each([
    ['names releases and selects', { releases: ['a'], keep: 2, reason: 'old' }, 'releases', /either releases, or/],
    ['does neither', { reason: 'old' }, 'releases', /either releases, or/],
    ['selects without a reason', { keep: 2 }, 'reason', /reason is missing/],
    ['undoes with a release to use instead', { releases: ['a'], instead: 'b' }, 'reason', /reason is missing/],
    ['names nothing', { releases: [], reason: 'old' }, 'releases', /at least one release/],
    ['names too many', { releases: Array(10_001).fill('a'), reason: 'old' }, 'releases', /at most 10000/],
    ['keeps nothing', { keep: 0, reason: 'old' }, 'keep', /at least 1/],
    ['selects a fraction', { olderThanSeconds: 1.5, reason: 'old' }, 'olderThanSeconds', /whole number/],
    ['has a reason of several lines', { releases: ['a'], reason: 'old\nand bad' }, 'reason', /one line/],
    ['has a reason that is too long', { releases: ['a'], reason: 'x'.repeat(501) }, 'reason', /at most 500/],
  ])('is refused where it %s', (_, body, field, message) => {
    expect(refusal(body)).toEqual(of(field, message));
  });

  it('is read with ten thousand names', () => {
    const releases = Array.from({ length: 10_000 }, (_, index) => `nixos-25.05-2025-05-15-${index}-0123456789abcdef`);
    expect(refusal({ releases, reason: 'old' })).toMatchObject({ releases });
  });

  it('for a takedown needs a reason, and for a pin a release', () => {
    expect(refusal({ release: 'a' }, parseTakedown)).toEqual(of('reason', /reason is invalid/));
    expect(refusal({ reason: 'x' }, parsePin)).toEqual(of('release', /release is invalid/));
  });
});
