import { describe, expect, it } from '@jest/globals';
import { fixedKeys } from '../../../../lib/store/read/presign.ts';
import { s3ClientConfig } from '../../../../lib/store/write/open.ts';

const keys = fixedKeys({ accessKeyId: 'a', secretAccessKey: 's' });
const access = { bucket: 'tarballs', region: 'eu-central-1', keys };

describe('the S3 client', () => {
  it('adds no checksums by itself, and gives up before the gateway does', () => {
    expect(s3ClientConfig(access)).toMatchObject({
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { requestTimeout: 25_000, throwOnRequestTimeout: true },
    });
    expect(s3ClientConfig(access)).not.toHaveProperty('endpoint');
  });

  it('asks another endpoint by path', () => {
    const endpoint = 'http://localhost:9000';
    expect(s3ClientConfig({ ...access, endpoint })).toMatchObject({ endpoint, forcePathStyle: true });
  });
});
