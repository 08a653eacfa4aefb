import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isAsDeclared, signPart, type UploadState } from '../../../lambda/publish/upload-parts.ts';
import type { ToPresign } from '../../../lib/store/read/presign.ts';
import { sha256 } from '../../support/memory-bucket.ts';

const bytes = 'the bytes of a part';
const md5 = createHash('md5').update(bytes);
const base64 = md5.copy().digest('base64');
const etag = `"${md5.digest('hex')}"`;
const other = `"${'0'.repeat(32)}"`;
const size = bytes.length;

const state: UploadState = {
  upload: 'upload-1',
  key: 'a-1.tar.xz',
  release: 'a-1',
  uploadId: 'id',
  size,
  sha256: sha256(bytes),
  partSha256s: [sha256(bytes, 'base64')],
  facts: {},
};
const byMd5: UploadState = { ...state, partMd5s: [base64] };

describe('isAsDeclared', () => {
  it.each([
    ['by its SHA-256', true, state, { sha256: sha256(bytes, 'base64'), etag: other }],
    ['not by another SHA-256', false, state, { sha256: sha256('other', 'base64'), etag }],
    ['not without a SHA-256', false, state, { sha256: undefined, etag }],
    ['by its entity tag, where it is declared by its MD5', true, byMd5, { sha256: undefined, etag }],
    ['also where the store writes no quotes', true, byMd5, { sha256: undefined, etag: etag.slice(1, -1) }],
    ['not by another entity tag', false, byMd5, { sha256: sha256(bytes, 'base64'), etag: other }],
  ])('%s', (_, expected, declared, part) => {
    expect(isAsDeclared({ partNumber: 1, size, ...part }, declared)).toBe(expected);
    expect(isAsDeclared({ partNumber: 1, size: size + 1, ...part }, declared)).toBe(false);
  });
});

const mebibyte = 1024 ** 2;

describe('signPart', () => {
  it.each([
    [1, 16 * mebibyte],
    [2, 7],
  ])('is valid only for the length and the SHA-256 of part %i', async (partNumber, length) => {
    const presigned: ToPresign[] = [];
    const upload = {
      key: 'a-1.tar.xz',
      uploadId: '~up/load+1=',
      size: 16 * mebibyte + 7,
      partSha256s: ['one=', 'two='],
    };
    const part = await signPart(
      async (request) => {
        presigned.push(request);
        return 'https://bucket.test/';
      },
      upload,
      partNumber,
    );
    const headers = {
      'content-length': String(length),
      'x-amz-checksum-sha256': upload.partSha256s[partNumber - 1],
      'x-amz-sdk-checksum-algorithm': 'SHA256',
    };
    expect(part).toEqual({ partNumber, url: 'https://bucket.test/', headers });
    expect(presigned).toEqual([
      {
        method: 'PUT',
        key: 'a-1.tar.xz',
        expiresInSeconds: 3_600,
        query: { partNumber: String(partNumber), uploadId: '~up/load+1=' },
        headers,
      },
    ]);
  });

  it('is valid only for its MD5 where the store verifies parts by MD5', async () => {
    const upload = { key: 'a-1.tar.xz', uploadId: 'u', size: 7, partSha256s: ['one='], partMd5s: ['md5=='] };
    const { headers } = await signPart(async () => 'https://bucket.test/', upload, 1);
    expect(headers).toEqual({ 'content-length': '7', 'content-md5': 'md5==' });
  });
});
