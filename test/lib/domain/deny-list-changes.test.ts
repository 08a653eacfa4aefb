import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DenyList, emptyDenyList, formatDenyList, parseDenyList } from '../../../lib/domain/deny-list.ts';
import { denialOf, denyListChangeOf, withDenial, withoutDenial } from '../../../lib/domain/deny-list-changes.ts';

const author = (operation: string) => ({ operation, at: '2026-01-01T00:00:00.000Z', by: 'arn:aws:iam::1:user/u' });
const jti = (value: string) => ({ kind: 'jti', value }) as const;
const again = (list: DenyList): DenyList => parseDenyList(formatDenyList(list));

describe('changes of the deny list', () => {
  it('are remembered, the newest 200, and survive being written', () => {
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
  ])('are made where the history is damaged: %j', (history) => {
    const list = parseDenyList(JSON.stringify({ revoked: [], history }));
    expect(denyListChangeOf(list, 'operation-a')).toBeUndefined();
    const next = withDenial(list, { ...jti('a'), until: 9 }, author('operation-a'));
    expect(next && denyListChangeOf(again(next), 'operation-a')).toMatchObject({ value: 'a' });
  });

  it('keep who made an entry, and its place, when it is extended', () => {
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

  it('leave each entry once, with the latest end that was asked for since it was taken back', () => {
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
