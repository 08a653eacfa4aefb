import { afterAll, describe, expect, it } from '@jest/globals';
import { referenceNarHash } from '../../../support/nar/reference-nar.ts';
import { base256, file, header, padded, pax, tar, top } from '../../../support/nar/tar-blocks.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const expanded = `${'\0'.repeat(10)}ab${'\0'.repeat(988)}`;
const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
const realSize = { 'GNU.sparse.size': '1000' };

/** GNU's 1.0: the map before the content. */
const mapInData = (map: string, stored: string) => Buffer.concat([padded(map), padded(stored)]);
const form1 = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'top/s' };

function oldGnu(pairs: readonly number[], stored: string, size: number): Buffer {
  const raw: Record<number, string> = { 483: octal(size) };
  pairs.slice(0, 8).forEach((value, at) => {
    raw[386 + at * 12] = octal(value);
  });
  if (pairs.length > 8) raw[482] = '\x01';
  const more = Buffer.alloc(pairs.length > 8 ? 512 : 0);
  pairs.slice(8).forEach((value, at) => {
    more.write(octal(value), at * 12, 'latin1');
  });
  return Buffer.concat([
    header('top/s', { type: 'S', magic: 'ustar  \0', size: stored.length, raw }),
    more,
    padded(stored),
  ]);
}

describe('sparse files', () => {
  const many = Array.from({ length: 10 }, (_, at) => [at * 100, 1]).flat();
  it.each<[string, Buffer, string]>([
    ['in the form 0.0', Buffer.concat([sparse00(), file('top/cut', 'ab')]), expanded],
    [
      'in the form 0.1',
      Buffer.concat([
        pax({ ...realSize, 'GNU.sparse.name': 'top/s', 'GNU.sparse.map': '10,2,1000,0' }),
        file('x', 'ab'),
      ]),
      expanded,
    ],
    [
      'in the form 1.0',
      Buffer.concat([
        pax({ ...form1, 'GNU.sparse.realsize': '1000' }),
        header('top/GNUSparseFile.1/s', { size: 514 }),
        mapInData('2\n10\n2\n1000\n0\n', 'ab'),
      ]),
      expanded,
    ],
    ['in the old form', oldGnu([10, 2, 1000, 0], 'ab', 1000), expanded],
    [
      'in the old form with a longer map',
      oldGnu([...many, 901, 0], 'abcdefghij', 901),
      'abcdefghij'.split('').join('\0'.repeat(99)),
    ],
  ])('expands a sparse file %s', async (_, blocks, content) => {
    const facts = await temporary.inspect(tar(...top, blocks));
    expect(facts.narHash).toBe(referenceNarHash({ a: 'x\n', s: content }));
    expect(facts.unpackedSize).toBe(2 + content.length);
  });

  function sparse00(): Buffer {
    const records = [
      'GNU.sparse.size=1000',
      'path=top/s',
      'GNU.sparse.offset=10',
      'GNU.sparse.numbytes=2',
      'GNU.sparse.offset=1000',
      'GNU.sparse.numbytes=0',
    ];
    const body = records.map((record) => `${record.length + 4} ${record}\n`).join('');
    return file('PaxHeader', body, { type: 'x' });
  }
});

describe('malformed sparse files', () => {
  const with01 = (map: string, stored = 'ab', size = '1000') =>
    Buffer.concat([
      pax({ 'GNU.sparse.size': size, 'GNU.sparse.name': 'top/s', 'GNU.sparse.map': map }),
      file('x', stored),
    ]);

  it.each<[string, Buffer, RegExp]>([
    ['whose pieces overlap', with01('10,2,5,2,1000,0', 'abcd'), /map is malformed/],
    ['whose pieces are more than is stored', with01('10,20,1000,0'), /map is malformed/],
    ['whose map does not reach its end', with01('10,2'), /map is malformed/],
    ['whose map has half a pair', with01('10,2,1000'), /map is malformed/],
    ['whose map is no list of numbers', with01('10,x,1000,0'), /map is malformed/],
    ['that has holes only', with01('1000,0', ''), /holes only/],
    ['without its size', Buffer.concat([pax({ 'GNU.sparse.map': '0,2' }), file('top/s', 'ab')]), /unknown form/],
    [
      'of a form to come',
      Buffer.concat([pax({ ...form1, 'GNU.sparse.major': '2', 'GNU.sparse.realsize': '5' }), file('x', 'ab')]),
      /unknown form/,
    ],
    ['of star', Buffer.concat([pax({ 'SCHILY.realsize': '5' }), file('top/s', 'ab')]), /sparse file of star/],
    [
      'whose map in the data never ends',
      Buffer.concat([pax({ ...form1, 'GNU.sparse.realsize': '5' }), header('x', { size: 512 }), padded('9\n1\n')]),
      /map is malformed/,
    ],
    [
      'whose old map is negative',
      Buffer.concat([header('top/s', { type: 'S', raw: { 386: base256(-5n), 398: octal(5), 483: octal(0) } })]),
      /map is malformed/,
    ],
  ])('refuses a sparse file %s', async (_, blocks, reason) => {
    await expect(temporary.inspect(tar(...top, blocks))).rejects.toThrow(reason);
  });
});
