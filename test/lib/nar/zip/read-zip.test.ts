import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { InspectedFile } from '../../../../lib/nar/inspect.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

interface Member {
  readonly name: string;
  readonly mode?: number;
  /** The system that made it; 3 is Unix. */
  readonly host?: number;
}

interface Shape {
  readonly before?: string;
  readonly comment?: string;
  readonly zip64?: boolean;
}

const numbers = (...fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer =>
  Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value));
      return field.subarray(0, bytes);
    }),
  );

/** A zip by the definition: its directory and the end of that, without any content. */
function zip(members: readonly Member[], { before = '', comment = '', zip64 = false }: Shape = {}): Buffer {
  const directory = Buffer.concat(
    members.map(({ name, mode = 0o100644, host = 3 }) => {
      const head = Buffer.alloc(46);
      head.writeUInt32LE(0x02014b50, 0);
      head[5] = host;
      head.writeUInt16LE(name.length, 28);
      head.writeUInt16LE(3, 30);
      head.writeUInt16LE(2, 32);
      head.writeUInt16LE(mode, 40);
      return Buffer.concat([head, Buffer.from(name, 'latin1'), Buffer.from('xxxcc')]);
    }),
  );
  const size = directory.length;
  const offset = zip64 ? before.length : 0;
  const record = numbers([4, 0x06064b50], [8, 44], [4, 0], [8, 0], [8, 0], [8, 0], [8, size], [8, offset]);
  const locator = numbers([4, 0x07064b50], [4, 0], [8, before.length + size], [4, 1]);
  const end = zip64
    ? numbers([4, 0x06054b50], [4, 0], [4, 0xffffffff], [4, 0xffffffff], [4, 0xffffffff], [2, comment.length])
    : numbers([4, 0x06054b50], [4, 0], [4, 0], [4, size], [4, offset], [2, comment.length]);
  const tail = zip64 ? [record, locator, end] : [end];
  return Buffer.concat([Buffer.from(before), directory, ...tail, Buffer.from(comment)]);
}

const look = (bytes: Uint8Array): Promise<InspectedFile> => temporary.inspect(bytes, {}, 'a.zip');
const tree: readonly Member[] = [{ name: 'top/', mode: 0o40755 }, { name: 'top/flake.nix' }, { name: 'top/d/x' }];

describe('readZip', () => {
  it.each<[string, Buffer]>([
    ['by its directory', zip(tree)],
    ['with a comment', zip(tree, { comment: 'PK\x05\x06 is not the end, this is' })],
    ['behind other bytes', zip(tree, { before: '#!/bin/sh\n' })],
    ['with the end of ZIP64', zip(tree, { zip64: true, before: 'content' })],
  ])('reads a zip %s', async (_, bytes) => {
    const { narHash, unpackedSize, entries, topLevelEntries, flake, warnings } = await look(bytes);
    expect({ narHash, unpackedSize, entries, topLevelEntries, flake, warnings }).toEqual({
      narHash: undefined,
      unpackedSize: undefined,
      entries: 3,
      topLevelEntries: 1,
      flake: true,
      warnings: [],
    });
  });

  it.each<[string, readonly Member[], string]>([
    ['an absolute name', [...tree, { name: '/tmp/x' }], "entry '/tmp/x' has an absolute name"],
    ['an absolute name with backslashes', [{ name: '\\tmp\\x' }], "entry '/tmp/x' has an absolute name"],
    ['.. in a name', [...tree, { name: 'top\\..\\x' }], "entry 'top/../x' has `..` in its name"],
    ['a .git', [...tree, { name: 'top/.git/config' }], 'is named .git to Nix'],
    ['an entry below a symlink', [{ name: 'top/s', mode: 0o120777 }, { name: 'top/s/x' }], 'lies below a symlink'],
    ['one file and nothing else', [{ name: 'x' }], 'is a single file where a directory is expected'],
    ['nothing', [], 'is empty'],
  ])('refuses a zip with %s', async (_, members, reason) => {
    await expect(look(zip(members))).rejects.toThrow(reason);
  });

  it('reads backslashes as slashes only in names without slashes, as libarchive does', async () => {
    const { topLevelEntries } = await look(zip([{ name: 'top\\a' }, { name: 'top\\b' }]));
    expect(topLevelEntries).toBe(1);
    // Nix 2.26.3 and 2.34.8 give it the hash of a tree with `top\f` beside `top`.
    expect((await look(zip([{ name: 'top\\f/x' }, { name: 'top/g' }]))).topLevelEntries).toBe(2);
  });

  it('gives the warnings for names and modes', async () => {
    const codes = async (...members: readonly Member[]) => (await look(zip(members))).warnings?.map(({ code }) => code);
    expect(await codes(...tree, { name: 'other' })).toEqual(['several-top-level-entries', 'no-flake-or-default']);
    expect(await codes(...tree, { name: 'top/D/' })).toEqual(['names-differ-in-case']);
    expect(await codes(...tree, { name: 'top/y', mode: 0o100044 })).toEqual(['unreadable-file']);
    // Made elsewhere than on Unix, or by a tool that writes no modes.
    expect(await codes(...tree, { name: 'top/y', mode: 0o44, host: 0 }, { name: 'top/z', mode: 0 })).toEqual([]);
  });

  it('refuses a zip without a readable directory', async () => {
    const whole = zip(tree);
    const basic = readFileSync(new URL('../../../fixtures/vectors/basic.zip', import.meta.url));
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('PK'),
      whole.subarray(1),
      whole.subarray(0, -1),
      basic.subarray(0, -30),
    ])
      await expect(look(bytes)).rejects.toThrow('The archive is damaged: its zip directory cannot be read.');
  });

  it('refuses a zip with more names than fit into memory', async () => {
    const large = zip(tree);
    large.writeUInt32LE(2 ** 31, large.length - 10);
    await expect(look(large)).rejects.toThrow('has over 256 MiB of names');
  });

  it('reads or refuses any bytes, without other errors', async () => {
    const whole = zip(tree, { zip64: true, comment: 'c' });
    const spot = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(spot, { minLength: 1, maxLength: 5 }), fc.nat(whole.length), async (spots, cut) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of spots) bytes[at] = value;
        for (const each of [bytes, bytes.subarray(cut), bytes.subarray(0, cut)])
          await look(each).catch((error: Error) => expect(error.name).toBe('ArchiveRefused'));
      }),
      { numRuns: 300 },
    );
  });
});
