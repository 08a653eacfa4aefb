import { describe, expect, it } from '@jest/globals';
import { Sha256 } from '../../../../lib/store/read/keys.ts';

describe('the Sha256 that signers are given', () => {
  const hex = async (hash: Sha256) => Buffer.from(await hash.digest()).toString('hex');
  const bytes = (text: string) => new TextEncoder().encode(text);

  it.each([
    ['a text', 'abc'],
    ['bytes', bytes('abc')],
    ['an array buffer', bytes('abc').buffer],
    ['a view', new DataView(bytes('abc').buffer)],
  ])('hashes %s (FIPS 180-4)', async (_, data) => {
    const hash = new Sha256();
    hash.update(data as Uint8Array);
    expect(await hex(hash)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('is HMAC where it has a secret (RFC 4231, test case 2)', async () => {
    const hash = new Sha256('Jefe');
    hash.update('what do ya want ');
    hash.update('for nothing?');
    expect(await hex(hash)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('begins again after reset, with the same secret', async () => {
    const hash = new Sha256(bytes('Jefe'));
    hash.update('something else');
    hash.reset();
    hash.update('what do ya want for nothing?');
    expect(await hex(hash)).toMatch(/^5bdcc146/);
  });
});
