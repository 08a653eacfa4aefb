import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  brokenFactRule,
  credibleFacts,
  declaredFacts,
  factsFromMetadata,
  factsToMetadata,
  type ReleaseFacts,
} from '../../../lib/domain/release.ts';

const narHash = 'sha256-R9rRTXsaiiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
const all: ReleaseFacts = {
  rev: '0a'.repeat(20),
  revCount: 7,
  lastModified: 1767225600,
  narHash,
  sha256: 'ab'.repeat(32),
};

const facts = fc.record(
  {
    rev: fc.stringMatching(/^[0-9a-f]{40}$/),
    revCount: fc.maxSafeNat(),
    lastModified: fc.integer({ min: 0, max: 8_640_000_000_000 }),
    narHash: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => `sha256-${Buffer.from(bytes).toString('base64')}`),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  },
  { requiredKeys: [] },
);

describe('a fact', () => {
  it.each<[keyof ReleaseFacts, unknown]>([
    ['rev', '0a'.repeat(19)],
    ['rev', '0a'.repeat(21)],
    ['rev', 'main'],
    ['rev', `${'0a'.repeat(20)}\n`],
    ['rev', 7],
    ['rev', null],
    ['revCount', -1],
    ['revCount', 1.5],
    ['revCount', '7'],
    ['revCount', 2 ** 53],
    ['lastModified', -1],
    ['lastModified', Number.NaN],
    ['lastModified', '2026-01-01'],
    ['lastModified', 8_640_000_000_001],
    ['narHash', 'sha256-abc='],
    ['narHash', `sha512-${narHash}`],
    ['narHash', narHash.replace('=', '')],
    ['sha256', 'ab'.repeat(31)],
    ['sha256', narHash],
    ['sha256', ['ab'.repeat(32)]],
  ])('refuses the %s %j', (name, value) => {
    expect(brokenFactRule(name, value)).toMatchObject({ status: 400, field: name });
    expect(() => declaredFacts({ ...all, [name]: value })).toThrow(expect.objectContaining({ field: name }));
    const { [name]: _, ...rest } = all;
    expect(credibleFacts({ ...all, [name]: value })).toEqual(rest);
  });

  it('is kept in lower case where it is declared in upper case', () => {
    expect(declaredFacts({ rev: '0A'.repeat(20), sha256: 'AB'.repeat(32), narHash })).toEqual({
      rev: '0a'.repeat(20),
      sha256: 'ab'.repeat(32),
      narHash,
    });
  });

  it('is ignored where its name is unknown', () => {
    expect(declaredFacts({ ...all, channel: 'a', who: 'me' })).toEqual(all);
    expect(declaredFacts({})).toEqual({});
  });
});

describe("an object's metadata", () => {
  it('has the facts and the channel, and nothing else', () => {
    expect(factsToMetadata(all, 'demo')).toEqual({
      rev: all.rev,
      revcount: '7',
      lastmodified: '1767225600',
      narhash: narHash,
      sha256: all.sha256,
      channel: 'demo',
    });
    expect(factsToMetadata({}, 'demo')).toEqual({ channel: 'demo' });
  });

  it('gives the same facts back', () => {
    fc.assert(
      fc.property(facts, (known) => {
        const metadata = factsToMetadata(known, 'demo');
        expect(factsFromMetadata(metadata)).toEqual(known);
        for (const [name, value] of Object.entries(metadata)) {
          expect(name).toBe(name.toLowerCase());
          expect(typeof value).toBe('string');
        }
      }),
      { seed: 11 },
    );
  });

  it.each([
    ['revcount', '7.0'],
    ['revcount', ''],
    ['revcount', '9'.repeat(30)],
    ['lastmodified', '-7'],
    ['lastmodified', '1e3'],
    ['rev', 'dirty'],
    ['link', 'x'],
    ['revCount', '7'],
  ])('is ignored where %s is %j', (name, value) => {
    expect(factsFromMetadata({ [name]: value })).toEqual({});
  });
});
