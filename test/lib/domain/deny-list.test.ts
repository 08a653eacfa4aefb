import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Denial,
  type DenyList,
  denialKinds,
  denialOf,
  denyListChangeOf,
  emptyDenyList,
  formatDenyList,
  parseDenyList,
  withDenial,
  withoutDenial,
  withoutExpired,
} from '../../../lib/domain/deny-list.ts';
import { anyText } from '../../support/any-text.ts';

describe('deny list', () => {
  const hash = 'ab'.repeat(32);
  const secret = 'qZ7-secret-of-the-list';

  const value = (kind: Denial['kind']): fc.Arbitrary<string | number> => {
    if (kind === 'issuedBefore') return fc.nat();
    if (kind === 'sha256') return fc.stringMatching(/^[0-9a-f]{64}$/);
    return fc.string({ minLength: 1, unit: 'binary' });
  };
  const denial: fc.Arbitrary<Denial> = fc.constantFrom(...denialKinds).chain((kind) =>
    fc.record(
      {
        kind: fc.constant(kind),
        value: value(kind),
        until: fc.nat(),
        reason: fc.string(),
        at: fc.string(),
        by: fc.string(),
        operation: fc.string(),
      },
      { requiredKeys: ['kind', 'value', 'until'] },
    ),
  );

  describe('the deny list', () => {
    it.each<[string, object]>([
      ['jti', { jti: 'a' }],
      ['sub', { sub: 'ci' }],
      ['kid', { kid: 'k1' }],
      ['sha256', { sha256: hash }],
      ['issuedBefore', { issuedBefore: 0 }],
    ])('denies by %s', (kind, entry) => {
      const text = JSON.stringify({ revoked: [{ ...entry, until: 7, reason: 'lost' }] });
      const [value] = Object.values(entry);
      expect(parseDenyList(text).denials).toEqual([{ kind, value, until: 7, reason: 'lost' }]);
    });

    it('can be empty', () => {
      expect(parseDenyList('{"revoked": []}')).toEqual(emptyDenyList);
    });

    it.each([
      ['nothing', ''],
      ['no JSON', `{"revoked": [{"jti": "${secret}"`],
      ['null', 'null'],
      ['a list', `[{"jti": "${secret}", "until": 1}]`],
      ['a text', `"${secret}"`],
      ['no list of entries', '{}'],
      ['a list of another name', `{"Revoked": [{"jti": "${secret}", "until": 1}]}`],
      ['null for the entries', '{"revoked": null}'],
      ['an object for the entries', `{"revoked": {"jti": "${secret}", "until": 1}}`],
      ['a text among the entries', `{"revoked": ["${secret}"]}`],
      ['null among the entries', '{"revoked": [null]}'],
      ['an entry without anything', '{"revoked": [{"until": 1}]}'],
      ['an entry of a kind that nobody knows', `{"revoked": [{"${secret}": "a", "until": 1}]}`],
      ['an entry of two kinds', `{"revoked": [{"jti": "${secret}", "sub": "b", "until": 1}]}`],
      ['an entry that does not end', `{"revoked": [{"jti": "${secret}"}]}`],
      ['an end that is a text', `{"revoked": [{"jti": "a", "until": "${secret}"}]}`],
      ['an end beyond all numbers', '{"revoked": [{"jti": "a", "until": 1e400}]}'],
      ['an id that is a number', '{"revoked": [{"jti": 1, "until": 1}]}'],
      ['an id that is null', '{"revoked": [{"jti": null, "until": 1}]}'],
      ['an empty subject', '{"revoked": [{"sub": "", "until": 1}]}'],
      ['a time that is a text', `{"revoked": [{"issuedBefore": "${secret}", "until": 1}]}`],
      ['a hash in upper case', `{"revoked": [{"sha256": "${hash.toUpperCase()}", "until": 1}]}`],
      ['a hash that is too short', '{"revoked": [{"sha256": "ab", "until": 1}]}'],
      ['one damaged entry of two', `{"revoked": [{"jti": "a", "until": 1}, {"jti": "${secret}"}]}`],
    ])('throws where it is or has %s, and the error quotes nothing', (_, text) => {
      expect(() => parseDenyList(text)).toThrow(/^revoked\.json/);
      expect(() => parseDenyList(text)).not.toThrow(secret);
    });

    it('keeps unknown keys, even those that every object has', () => {
      const text = `{"revoked": [], "note": 1, "__proto__": {"revoked": 7}, "constructor": 2}`;
      const list = parseDenyList(text);
      expect(list.denials).toEqual([]);
      expect(JSON.parse(formatDenyList(list))).toEqual(JSON.parse(text));
    });

    it('is the same after it was formatted and parsed', () => {
      const others = fc.dictionary(fc.stringMatching(/^x[a-z]*$/), fc.jsonValue());
      fc.assert(
        fc.property(fc.array(denial), others, (denials, rest) => {
          const list = { denials, others: { ...rest } };
          expect(JSON.stringify(parseDenyList(formatDenyList(list)))).toBe(JSON.stringify(list));
        }),
        { seed: 60 },
      );
    });

    it('is parsed, or throws an Error that quotes nothing, whatever the text', () => {
      const odd = fc.oneof(fc.constantFrom(secret, [secret], null, -1, 1e300, {}), fc.jsonValue());
      const entry = fc.dictionary(fc.constantFrom(...denialKinds, 'until', 'reason', secret), odd, { maxKeys: 4 });
      const lists = fc.oneof(fc.array(entry, { maxLength: 3 }), odd).map((revoked) => JSON.stringify({ revoked }));
      const cut = lists.chain((text) => fc.nat(text.length).map((length) => text.slice(0, length)));
      fc.assert(
        fc.property(fc.oneof(lists, cut, fc.json(), anyText()), (text) => {
          try {
            const list = parseDenyList(text);
            expect(parseDenyList(formatDenyList(list)).denials).toEqual(list.denials);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            const { message, cause } = error as Error;
            const fixed =
              /^revoked\.json(: "revoked" is not a list| is not (JSON|an object)|: entry \d+ (is not an object|must have exactly one of jti, sub, kid, sha256, issuedBefore|has a "(jti|sub|kid|sha256|issuedBefore)" (of the wrong type|that is not 64 hexadecimal digits in lower case)|has no "until" in seconds since 1970))$/;
            expect([message, cause]).toEqual([expect.stringMatching(fixed), undefined]);
          }
        }),
        { seed: 61, numRuns: 1_000 },
      );
    });

    it('drops the entries that have ended', () => {
      const denials = [6, 7, 8].map((until) => ({ kind: 'jti', value: `t${until}`, until }) as const);
      expect(withoutExpired({ denials, others: {} }, 7).denials.map(({ until }) => until)).toEqual([8]);
    });
  });
});

describe('deny list changes', () => {
  const author = (operation: string) => ({ operation, at: '2026-01-01T00:00:00.000Z', by: 'arn:aws:iam::1:user/u' });
  const jti = (value: string) => ({ kind: 'jti', value }) as const;
  const again = (list: DenyList): DenyList => parseDenyList(formatDenyList(list));

  describe('changes of the deny list', () => {
    it('are kept in the history, the newest 200, also after formatting and parsing', () => {
      let list = emptyDenyList;
      for (let count = 0; count < 250; count += 1)
        list = again(withDenial(list, { ...jti(`t${count}`), until: 9 }, author(`operation-${count}`)) ?? list);
      expect(list.denials).toHaveLength(250);
      expect(denyListChangeOf(list, 'operation-49')).toBeUndefined();
      expect(denyListChangeOf(list, 'operation-50')).toEqual({
        action: 'revoke',
        ...jti('t50'),
        ...author('operation-50'),
      });
      const undone = again(withoutDenial(list, jti('t249'), author('operation-u')) ?? list);
      expect(denyListChangeOf(undone, 'operation-u')).toMatchObject({ action: 'unrevoke', value: 't249' });
    });

    it.each([
      'long',
      7,
      null,
      {},
      [null, 7, {}, { operation: 'operation-a' }, { operation: 'operation-a', action: 'x' }],
    ])('are made even if the history is damaged: %j', (history) => {
      const list = parseDenyList(JSON.stringify({ revoked: [], history }));
      expect(denyListChangeOf(list, 'operation-a')).toBeUndefined();
      const next = withDenial(list, { ...jti('a'), until: 9 }, author('operation-a'));
      expect(next && denyListChangeOf(again(next), 'operation-a')).toMatchObject({ value: 'a' });
    });

    it('keep the author and the position of an entry that is extended', () => {
      const two = ['a', 'b'].reduce(
        (list, value) => withDenial(list, { ...jti(value), until: 5 }, author(`by-${value}`)) ?? list,
        emptyDenyList,
      );
      const longer = withDenial(two, { ...jti('a'), until: 6, reason: 'lost' }, author('later'));
      expect(longer?.denials).toEqual([
        { ...jti('a'), until: 6, reason: 'lost', ...author('by-a') },
        { ...jti('b'), until: 5, ...author('by-b') },
      ]);
    });

    it('leave each entry once, with the latest end since it was last removed', () => {
      const step = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(fc.nat(20)));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const ends = new Map<string, number>();
          let list: DenyList = emptyDenyList;
          for (const [value, until] of steps) {
            const next =
              until === null
                ? withoutDenial(list, jti(value), author('o'))
                : withDenial(list, { ...jti(value), until }, author('o'));
            const end = ends.get(value);
            expect(next === undefined).toBe(until === null ? end === undefined : end !== undefined && end >= until);
            if (until === null) ends.delete(value);
            else ends.set(value, Math.max(end ?? 0, until));
            list = next === undefined ? list : again(next);
          }
          expect(new Map(list.denials.map(({ value, until }) => [value, until]))).toEqual(ends);
          expect(list.denials).toHaveLength(ends.size);
          for (const [value, until] of ends) expect(denialOf(list, jti(value))?.until).toBe(until);
        }),
        { seed: 63 },
      );
    });
  });
});
