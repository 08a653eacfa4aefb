import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isAsDeclared } from '../../../lambda/publish/sign-parts.ts';
import type { UploadState } from '../../../lambda/publish/upload-state.ts';
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

describe('a part in the bucket is the declared one', () => {
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
