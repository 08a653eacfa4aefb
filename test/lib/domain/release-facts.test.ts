import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  factsKey,
  formatChannelFacts,
  newFacts,
  parseChannelFacts,
  type StoredFacts,
} from '../../../lib/domain/release.ts';

const rev = '0a'.repeat(20);
const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
const stored: StoredFacts = {
  etag: '"e"',
  size: 7,
  rev,
  revCount: 3,
  lastModified: 5,
  narHash,
  sha256: 'ab'.repeat(32),
};
const parse = (releases: unknown) => parseChannelFacts(JSON.stringify({ releases }));

const anyStored: fc.Arbitrary<StoredFacts> = fc.record(
  {
    etag: fc.string(),
    size: fc.maxSafeNat(),
    rev: fc.constant(rev),
    revCount: fc.nat(),
    lastModified: fc.nat(),
    narHash: fc.constant(narHash),
    sha256: fc.constant('ab'.repeat(32)),
  },
  { requiredKeys: ['etag', 'size'] },
);

describe('the facts of a channel', () => {
  it('lie at a key that no reader can reach', () => {
    expect(factsKey('nixos-25.05')).toBe('facts/nixos-25.05.json');
  });

  it('have one line for each release', () => {
    const text = formatChannelFacts(
      new Map([
        ['demo-1', { etag: '"e"', size: 7 }],
        ['demo-2', stored],
      ]),
    );
    expect(text.split('\n').slice(0, 2)).toEqual(['{"releases": {', '"demo-1": {"etag":"\\"e\\"","size":7},']);
    expect(text.split('\n')).toHaveLength(5);
  });

  it('are what was written, for every release name', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(fc.string(), anyStored), { selector: ([name]) => name }), (entries) => {
        expect(parseChannelFacts(formatChannelFacts(new Map(entries)))).toEqual(new Map(entries));
      }),
    );
    const proto = new Map([['__proto__', stored]]);
    expect(parseChannelFacts(formatChannelFacts(proto))).toEqual(proto);
  });

  it.each([
    ['no object', 7],
    ['no entity tag', { size: 7 }],
    ['an entity tag that is no text', { etag: 7, size: 7 }],
    ['no size', { etag: '"e"' }],
    ['a negative size', { etag: '"e"', size: -1 }],
    ['a size that is text', { etag: '"e"', size: '7' }],
  ])('drop an entry with %s, and keep the others', (_, entry) => {
    expect([...parse({ bad: entry, good: stored })]).toEqual([['good', stored]]);
  });

  it('drop single facts that are invalid', () => {
    const bad = { ...stored, rev: 'main', revCount: -1, narHash: 'md5-x', sha256: '<script>', more: 1 };
    expect(parse({ one: bad }).get('one')).toEqual({ etag: '"e"', size: 7, lastModified: 5 });
  });

  it.each(['', '{', 'null', '[]', '{}', '{"releases": []}', '{"releases": null}'])('are damaged in %j', (text) => {
    expect(() => parseChannelFacts(text)).toThrow();
  });

  it('are parsed or refused with an Error, whatever the JSON is', () => {
    fc.assert(
      fc.property(fc.json(), fc.anything(), (text, value) => {
        for (const each of [text, JSON.stringify({ releases: value })])
          try {
            for (const { etag, size } of parseChannelFacts(each).values())
              expect([typeof etag, Number.isSafeInteger(size)]).toEqual(['string', true]);
          } catch (error) {
            expect(error).toHaveProperty('message');
          }
      }),
    );
  });

  it.each<[keyof StoredFacts, unknown]>([
    ['etag', '"f"'],
    ['size', 8],
    ['rev', 'b'.repeat(40)],
    ['revCount', 4],
    ['lastModified', 6],
    ['narHash', undefined],
    ['sha256', undefined],
  ])('are new where %s differs', (name, value) => {
    const known = new Map([['one', stored]]);
    const other = { ...stored, [name]: value } as StoredFacts;
    expect([...newFacts(known, new Map([['one', stored]]))]).toEqual([]);
    expect([...newFacts(known, new Map([['one', other]]))]).toEqual([['one', other]]);
    expect([...newFacts(known, new Map([['two', stored]]))]).toEqual([['two', stored]]);
  });
});
