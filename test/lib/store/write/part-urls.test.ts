import { describe, expect, it } from '@jest/globals';
import type { ToPresign } from '../../../../lib/store/read/presigner.ts';
import { signPart } from '../../../../lib/store/write/part-urls.ts';

const mebibyte = 1024 ** 2;

describe("a part's URL", () => {
  it.each([
    [1, 16 * mebibyte],
    [2, 7],
  ])('is bound to the length and the SHA-256 of part %i', async (partNumber, length) => {
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
        expiresIn: 3_600,
        query: { partNumber: String(partNumber), uploadId: '~up/load+1=' },
        headers,
      },
    ]);
  });

  it('is bound to its MD5 where the store checks parts by that', async () => {
    const upload = { key: 'a-1.tar.xz', uploadId: 'u', size: 7, partSha256s: ['one='], partMd5s: ['md5=='] };
    const { headers } = await signPart(async () => 'https://bucket.test/', upload, 1);
    expect(headers).toEqual({ 'content-length': '7', 'content-md5': 'md5==' });
  });
});
