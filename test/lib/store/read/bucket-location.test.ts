import { describe, expect, it } from '@jest/globals';
import { type BucketAddress, locateBucket } from '../../../../lib/store/read/bucket-location.ts';

describe('the location of a bucket', () => {
  it.each<[string, BucketAddress, string]>([
    ['on Amazon S3', { bucket: 'tarballs', region: 'eu-central-1' }, 'https://tarballs.s3.eu-central-1.amazonaws.com/'],
    ['in China', { bucket: 'tarballs', region: 'cn-north-1' }, 'https://tarballs.s3.cn-north-1.amazonaws.com.cn/'],
    [
      'in the European Sovereign Cloud',
      { bucket: 'tarballs', region: 'eusc-de-east-1' },
      'https://tarballs.s3.eusc-de-east-1.amazonaws.eu/',
    ],
    [
      'with dots in its name',
      { bucket: 'tar.balls', region: 'eu-central-1' },
      'https://s3.eu-central-1.amazonaws.com/tar.balls/',
    ],
    [
      'at another endpoint',
      { bucket: 'tarballs', region: 'x', endpoint: 'http://localhost:9000' },
      'http://localhost:9000/tarballs/',
    ],
    [
      'at an endpoint with a path',
      { bucket: 'tarballs', region: 'x', endpoint: 'https://s3.test/store/' },
      'https://s3.test/store/tarballs/',
    ],
    [
      'at another endpoint that wants the bucket in the host name',
      { bucket: 'tarballs', region: 'x', endpoint: 'https://s3.test:8443', pathStyle: 'virtual' },
      'https://tarballs.s3.test:8443/',
    ],
    [
      'on Amazon S3 by path, where that is asked for',
      { bucket: 'tarballs', region: 'eu-central-1', pathStyle: 'path' },
      'https://s3.eu-central-1.amazonaws.com/tarballs/',
    ],
  ])('is found for %s', (_, address, expected) => {
    const { protocol, hostname, port, path, bucket, region } = locateBucket(address);
    expect(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`).toBe(expected);
    expect({ bucket, region }).toEqual({ bucket: address.bucket, region: address.region });
  });
});
