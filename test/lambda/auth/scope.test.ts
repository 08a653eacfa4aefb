import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BoundRule, boundScope, brokenRulesRule } from '../../../lambda/auth/scope.ts';

const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const ruleOf = (claims: string, channels: BoundRule['channels'] = ['a']): BoundRule => ({
  claims: JSON.parse(claims),
  channels,
});

describe('rules of bound claims', () => {
  it('give to a token with any claims what fitting rules have, and nothing else', () => {
    const name = fc.constantFrom('ref', 'id', ...inherited);
    const value = fc.oneof(fc.constantFrom('x', 1, true, ''), fc.jsonValue() as fc.Arbitrary<unknown>);
    const rules = [
      ruleOf('{"id": 1, "ref": ["x", true]}', ['a']),
      ruleOf('{"ref": {"glob": "x*"}}', ['b']),
      ...inherited.map((own) => ruleOf(`{${JSON.stringify(own)}: "x"}`, ['c'])),
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (entries) => {
        const own = new Map(entries);
        const payload = JSON.parse(
          `{${[...own].map(([key, claim]) => `${JSON.stringify(key)}:${JSON.stringify(claim)}`).join(',')}}`,
        );
        const scope = boundScope(rules, payload);
        const holds = (key: string, ...wanted: unknown[]): boolean =>
          [own.get(key)].flat().some((claim) => wanted.some((one) => String(one) === String(claim)) && claim !== null);
        if (scope.includes('a')) expect(holds('id', 1) && holds('ref', 'x', true)).toBe(true);
        if (scope.includes('b')) expect(JSON.stringify(own.get('ref'))).toMatch(/"x/);
        if (scope.includes('c')) expect(inherited.some((key) => holds(key, 'x'))).toBe(true);
      }),
    );
  });

  it.each(inherited)('take a claim %s for any other, and find none where a token has none', (name) => {
    const rules = [ruleOf(`{${JSON.stringify(name)}: "x"}`)];
    expect(brokenRulesRule(rules, 'https://ci.test')).toBeUndefined();
    expect(boundScope(rules, {})).toEqual([]);
    expect(boundScope(rules, JSON.parse(`{${JSON.stringify(name)}: "x"}`))).toEqual(['a']);
  });

  it('give all where one fitting rule does', () => {
    const rules = [ruleOf('{"id": 1}'), ruleOf('{"ref": "x"}', 'all')];
    expect(boundScope(rules, { id: 1 })).toEqual(['a']);
    expect(boundScope(rules, { id: 1, ref: 'x' })).toBe('all');
  });
});
