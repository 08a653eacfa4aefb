import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BadSetting } from '../../../../lib/domain/problem.ts';
import { parseStackSettings } from '../../../../lib/stack/settings/parse-stack-settings.ts';
import { stackSettings } from '../../../../lib/stack/settings/stack-settings.ts';

const names = fc.constantFrom(...Object.keys(stackSettings));
const values = fc.oneof(
  fc.jsonValue(),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.integer().map(String),
  fc.dictionary(fc.string(), fc.string()),
  fc.array(fc.tuple(fc.string(), fc.string())).map((pairs) => pairs.map((pair) => pair.join('=')).join(',')),
);

describe('a setting with an arbitrary value', () => {
  it('is accepted, or refused by name', () => {
    fc.assert(
      fc.property(names, values, (name, value) => {
        try {
          parseStackSettings({ [name]: value }, () => '');
        } catch (error) {
          expect(error).toBeInstanceOf(BadSetting);
          expect((error as Error).message).toContain(name);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('is accepted for tags only if AWS accepts the tags', () => {
    fc.assert(
      fc.property(values, (value) => {
        let tags: Readonly<Record<string, string>> = {};
        try {
          ({ tags } = parseStackSettings({ tags: value }));
        } catch {}
        for (const [key, text] of Object.entries(tags)) {
          expect(key).toMatch(/^(?!aws:).{1,128}$/u);
          expect(`${key}${text}`).not.toMatch(/[\p{Cc},;<>&"'\\]/u);
        }
      }),
    );
  });
});
