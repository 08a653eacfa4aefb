import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addChannel,
  type Catalog,
  emptyCatalog,
  formatCatalog,
  parseCatalog,
  removeChannel,
  restoreChannel,
  unreadableChannels,
  visibilityOf,
  withVisibility,
} from '../../../lib/domain/catalog.ts';

describe('the catalog', () => {
  it.each([
    ['of the Rust service', '{"channels": ["a", "b"]}', ['a', 'b'], [], []],
    ['of ours', '{"channels": ["a"], "public": ["a"], "removed": ["c"]}', ['a'], ['a'], ['c']],
    ['without channels', '{}', [], [], []],
    ['with nulls', '{"channels": null, "public": null, "removed": null}', [], [], []],
  ])('reads a catalog with %s', (_, text, channels, open, removed) => {
    expect(parseCatalog(text)).toEqual({ channels, public: open, removed, others: {} });
  });

  it.each([
    ['nothing', ''],
    ['broken JSON', '{"channels": ['],
    ['null', 'null'],
    ['a text', '"channels"'],
    ['an array', '["a"]'],
    ['a text for the channels', '{"channels": "a"}'],
    ['an object for the channels', '{"channels": {"a": 1}}'],
    ['a number among the channels', '{"channels": ["a", 1]}'],
    ['a number among the public ones', '{"channels": [], "public": [1]}'],
    ['a text for the removed ones', '{"removed": "a"}'],
  ])('throws for a catalog that is %s', (_, text) => {
    expect(() => parseCatalog(text)).toThrow();
  });

  it('keeps unknown keys, even those that every object has', () => {
    const text = '{"channels": ["a"], "note": 1, "__proto__": {"removed": ["a"]}, "constructor": 2}';
    const catalog = addChannel(parseCatalog(text), 'b');
    const written = formatCatalog(catalog);
    expect(catalog.removed).toEqual([]);
    expect(written).toContain('"__proto__"');
    expect(JSON.parse(written)).toMatchObject({
      channels: ['a', 'b'],
      public: [],
      removed: [],
      note: 1,
      constructor: 2,
    });
  });

  it('is the same after it was formatted and parsed', () => {
    const names = fc.array(fc.string());
    const others = fc.dictionary(
      fc.stringMatching(/^x[a-z]*$/),
      fc.jsonValue().filter((value) => !Object.is(value, -0)),
    );
    fc.assert(
      fc.property(names, names, names, others, (channels, open, removed, rest) => {
        const catalog: Catalog = { channels, public: open, removed, others: { ...rest } };
        const again = parseCatalog(formatCatalog(catalog));
        expect(JSON.stringify(again)).toBe(JSON.stringify(catalog));
      }),
      { seed: 7 },
    );
  });

  it('is parsed or throws an Error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        let catalog: Catalog;
        try {
          catalog = parseCatalog(text);
        } catch (error) {
          expect((error as Error).message).toBeTruthy();
          return;
        }
        expect(formatCatalog(parseCatalog(formatCatalog(catalog)))).toBe(formatCatalog(catalog));
      }),
      { seed: 8, numRuns: 500 },
    );
  });

  it('makes a channel public or private, however often `public` has its name', () => {
    const catalog = { ...emptyCatalog, channels: ['a', 'b'], public: ['b', 'a', 'b'] };
    expect(withVisibility(catalog, 'b', 'private').public).toEqual(['a']);
    expect(withVisibility(catalog, 'b', 'public')).toBe(catalog);
    expect(withVisibility({ ...catalog, public: ['a'] }, 'b', 'public').public).toEqual(['a', 'b']);
    expect(['a', 'c'].map((name) => visibilityOf(catalog, name))).toEqual(['public', 'private']);
  });

  it('keeps the visibility of a channel that is removed', () => {
    const catalog = { ...emptyCatalog, channels: ['a', 'b'], public: ['b'] };
    const [open, closed] = ['b', 'a'].map((name) => removeChannel(catalog, name));
    expect(open).toEqual({ ...catalog, channels: ['a'], removed: ['b'] });
    expect(closed).toEqual({ ...catalog, channels: ['b'], removed: ['a'] });
    expect(parseCatalog(formatCatalog(open as Catalog))).toEqual(open);
  });

  it('restores a removed channel, with its visibility', () => {
    const catalog = { ...emptyCatalog, channels: ['a'], public: ['b'], removed: ['b', 'c', 'b'], others: { note: 1 } };
    const restored = restoreChannel(catalog, 'b');
    expect(restored).toEqual({ channels: ['a', 'b'], public: ['b'], removed: ['c'], others: { note: 1 } });
    expect(visibilityOf(restored, 'b')).toBe('public');
    expect(restoreChannel({ ...catalog, channels: ['b', 'a'] }, 'b').channels).toEqual(['b', 'a']);
  });

  it('lists the entries that no request can reach', () => {
    const channels = ['nixos-25.05', 'a+b', 'channels', 'a/b', '', 'a.json'];
    expect(unreadableChannels({ ...emptyCatalog, channels, removed: ['..', 'gone'] })).toEqual([
      'channels',
      'a/b',
      '',
      'a.json',
      '..',
    ]);
  });
});
