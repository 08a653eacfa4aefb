import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChannelRecord, hasRelease, parseRecord } from '../../../../lib/domain/record.ts';
import { ReleaseIndex } from '../../../../lib/store/read/release-index.ts';

const recordOf = (latest: string | null, previous: readonly string[], extension = '.tar.xz'): ChannelRecord =>
  parseRecord(JSON.stringify({ latest, previous, file_extension: extension }));

describe('the index of releases', () => {
  it('finds the channels that name a release, by its whole key', () => {
    const index = new ReleaseIndex();
    index.replace('a', undefined, recordOf('a-2', ['a-1']));
    index.replace('b', undefined, recordOf('a-1', [], '.xz'));
    index.replace('c', undefined, recordOf('c-1', ['a-1']));
    expect(index.channelsOf('a-1.tar.xz')).toEqual(['a', 'c']);
    expect(index.channelsOf('a-1.xz')).toEqual(['b']);
    for (const key of ['a-1', 'a-1.tar', 'a-3.tar.xz', '.tar.xz', '', '.', 'a-1.tar.xz.', '__proto__.tar.xz'])
      expect(index.channelsOf(key)).toEqual([]);
  });

  it('reads a key in every way that it may be meant', () => {
    const index = new ReleaseIndex();
    index.replace('a', undefined, recordOf('x', [], '.tar.xz'));
    index.replace('b', undefined, recordOf('x.tar-', [], '.xz'));
    index.replace('c', undefined, recordOf('x', [], '.tar-.xz'));
    expect(index.channelsOf('x.tar-.xz')).toEqual(['b', 'c']);
  });

  it('knows the extension of a channel without a release', () => {
    const index = new ReleaseIndex();
    const empty = recordOf(null, [], '.iso');
    index.replace('a', undefined, empty);
    expect([index.hasExtensionOf('x.iso'), index.hasExtensionOf('x.tar.xz')]).toEqual([true, false]);
    index.replace('a', empty, undefined);
    expect(index.hasExtensionOf('x.iso')).toBe(false);
  });

  it('finds a release whose extension does not begin with a dot', () => {
    const index = new ReleaseIndex();
    index.replace('a', undefined, recordOf('a-1.', ['a-0'], 'tar.xz'));
    expect([index.channelsOf('a-1.tar.xz'), index.channelsOf('a-0tar.xz')]).toEqual([['a'], ['a']]);
    expect([index.hasExtensionOf('xtar.xz'), index.hasExtensionOf('tar.xz')]).toEqual([true, false]);
  });

  it('says after any changes what a search through all records says', () => {
    const name = fc.constantFrom('r-1', 'r-2', 'r-3', 'r.tar', 'r');
    const record = fc
      .tuple(
        fc.option(name),
        fc.array(name, { maxLength: 4 }),
        fc.constantFrom('.tar.xz', '.xz', '.iso', 'xz', '1.iso'),
      )
      .map(([latest, previous, extension]) => recordOf(latest === 'r.tar' ? 'r' : latest, previous, extension));
    const change = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(record, { nil: undefined }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const index = new ReleaseIndex();
        const records = new Map<string, ChannelRecord | undefined>();
        for (const [channel, after] of changes) {
          index.replace(channel, records.get(channel), after);
          records.set(channel, after);
        }
        for (const key of ['r-1.tar.xz', 'r-2.xz', 'r-3.iso', 'r.tar.xz', 'r-1.iso']) {
          const naming = [...records].filter(
            ([, found]) =>
              found !== undefined &&
              key.endsWith(found.fileExtension) &&
              hasRelease(found, key.slice(0, -found.fileExtension.length)),
          );
          expect(index.channelsOf(key).toSorted()).toEqual(naming.map(([channel]) => channel).toSorted());
          const extensions = [...records.values()].map((found) => found?.fileExtension);
          expect(index.hasExtensionOf(key)).toBe(extensions.some((one) => one !== undefined && key.endsWith(one)));
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
