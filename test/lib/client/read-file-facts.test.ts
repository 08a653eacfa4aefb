import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { md5OfFile, readFileFacts, sizeOfFile } from '../../../lib/client/read-file-facts.ts';
import { sha256 } from '../../support/memory-bucket.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const partSize = 16 * 1024 ** 2;

describe('the facts of a file', () => {
  it.each([
    ['one byte', 1],
    ['a whole part', partSize],
    ['a part and a byte', partSize + 1],
  ])('of %s', async (_, size) => {
    const bytes = Buffer.alloc(size, 'abcdefg');
    const path = directory.file('a', bytes);
    const read: number[] = [];
    const parts = size > partSize ? [bytes.subarray(0, partSize), bytes.subarray(partSize)] : [bytes];
    expect(await readFileFacts(path, (done) => read.push(done))).toEqual({
      size,
      sha256: sha256(bytes),
      partSha256s: parts.map((part) => sha256(part, 'base64')),
    });
    expect(read.at(-1)).toBe(size);
    expect(read).toEqual([...read].sort((one, other) => one - other));
  });

  it('are not those of a file that grows while it is read', async () => {
    const path = directory.file('a', Buffer.alloc(3 * 1024 ** 2));
    let grown = false;
    const grow = () => {
      if (!grown) appendFileSync(path, 'more');
      grown = true;
    };
    await expect(readFileFacts(path, grow)).rejects.toMatchObject({
      message: expect.stringContaining('changed while it was read'),
    });
  });

  it('have an MD5 on demand', async () => {
    expect(await md5OfFile(directory.file('a', 'abc'))).toBe('900150983cd24fb0d6963f7d28e17f72');
  });

  it.each([
    ['that is not there', () => join(directory.path, 'none'), 'is not there'],
    ['below a file', () => join(directory.file('a', 'x'), 'b'), 'cannot be read (ENOTDIR)'],
    ['that is a directory', () => directory.path, 'is a directory'],
    ['that is empty', () => directory.file('empty', ''), 'is empty'],
    ['that is no regular file', () => '/dev/null', 'is no regular file'],
  ])('are not those of one %s', async (_, path, sentence) => {
    await expect(sizeOfFile(path())).rejects.toMatchObject({
      status: 400,
      field: 'file',
      message: expect.stringContaining(sentence),
    });
    await expect(readFileFacts(path(), () => {})).rejects.toMatchObject({ status: 400 });
  });

  it('are not those of a pipe, which is not even opened', async () => {
    const path = join(directory.path, 'pipe');
    execFileSync('mkfifo', [path]);
    await expect(readFileFacts(path, () => {})).rejects.toMatchObject({
      message: expect.stringContaining('no regular file'),
    });
  });
});
