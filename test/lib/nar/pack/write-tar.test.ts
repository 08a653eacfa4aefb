import { describe, expect, it } from '@jest/globals';
import { writeTarHeader } from '../../../../lib/nar/pack/write-tar.ts';

const header = (path: string, more: object = {}) =>
  writeTarHeader({ path, type: '0', mode: 0o644, size: 0, mtime: 1_700_000_000, link: '', ...more });
const prefix = `${'p'.repeat(154)}/`;

describe('writeTarHeader', () => {
  it.each<[string, Buffer]>([
    ['a name of 100 bytes', header('n'.repeat(100))],
    ['a prefix of 154 bytes and a name of 100', header(`${prefix}${'n'.repeat(100)}`)],
    ['a link of 100 bytes', header('s', { type: '2', link: 'l'.repeat(100) })],
    ['a size just under 8 GiB', header('f', { size: 8 * 2 ** 30 - 1 })],
  ])('writes one block for %s', (_, bytes) => {
    expect(bytes).toHaveLength(512);
  });

  it.each<[string, Buffer, string]>([
    ['a name of 101 bytes and no slash', header('n'.repeat(101)), ' path=nnn'],
    ['a prefix over 155 bytes', header(`p${prefix}p/${'n'.repeat(100)}`), ' path=ppp'],
    ['a link of 101 bytes', header('s', { type: '2', link: 'l'.repeat(101) }), ' linkpath=lll'],
    ['a size of 8 GiB', header('f', { size: 8 * 2 ** 30 }), '19 size=8589934592\n'],
    ['a time beyond ustar', header('f', { mtime: 2 ** 33 }), '20 mtime=8589934592\n'],
  ])('writes a pax header for %s', (_, bytes, record) => {
    expect(bytes).toHaveLength(1536);
    expect(bytes.toString('latin1', 512, 1024)).toContain(record);
    expect(bytes.toString('latin1', 512, 1024)).not.toContain('hdrcharset');
  });

  it('marks a long name that is not UTF-8 as bytes', () => {
    expect(header('\xff'.repeat(101)).toString('latin1', 512, 1024)).toMatch(/^21 hdrcharset=BINARY\n/);
    const utf8 = Buffer.from('ü'.repeat(60)).toString('latin1');
    expect(header(utf8).toString('latin1', 512, 1024)).not.toContain('hdrcharset');
  });
});
