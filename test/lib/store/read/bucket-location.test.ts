import { describe, expect, it } from '@jest/globals';
import { locateBucket } from '../../../../lib/store/read/bucket-location.ts';

describe('where a bucket answers', () => {
  it.each([
    ['on Amazon S3', ['tarballs', 'eu-central-1'], 'https:', 'tarballs.s3.eu-central-1.amazonaws.com', undefined, '/'],
    ['in China', ['tarballs', 'cn-north-1'], 'https:', 'tarballs.s3.cn-north-1.amazonaws.com.cn', undefined, '/'],
    [
      'with dots in its name',
      ['tar.balls', 'eu-central-1'],
      'https:',
      's3.eu-central-1.amazonaws.com',
      undefined,
      '/tar.balls/',
    ],
    ['at another endpoint', ['tarballs', 'x', 'http://localhost:9000'], 'http:', 'localhost', 9000, '/tarballs/'],
    [
      'at an endpoint with a path',
      ['tarballs', 'x', 'https://s3.test/store/'],
      'https:',
      's3.test',
      undefined,
      '/store/tarballs/',
    ],
  ] as const)('%s', (_, [bucket, region, endpoint], protocol, hostname, port, path) => {
    expect(locateBucket(bucket, region, endpoint)).toEqual({ bucket, region, protocol, hostname, port, path });
  });
});
