import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { FileHashes } from '../../../lib/nar/file.ts';

const base64 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

describe('FileHashes', () => {
  it('do not depend on the sizes of the chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), fc.integer({ min: 1, max: 12 }), (pieces, partSize) => {
        const hashes = new FileHashes(partSize);
        for (const piece of pieces) hashes.update(piece);
        const whole = Buffer.concat(pieces);
        const count = Math.max(1, Math.ceil(whole.length / partSize));
        const parts = Array.from({ length: count }, (_, at) => whole.subarray(at * partSize, (at + 1) * partSize));
        const sha256 = Buffer.from(base64(whole), 'base64').toString('hex');
        expect(hashes.finish()).toEqual({ size: whole.length, sha256, partSha256s: parts.map(base64) });
      }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses parts of %d bytes', (partSize) => {
    expect(() => new FileHashes(partSize)).toThrow('the part size must be a positive integer');
  });
});
