import { describe, expect, it } from '@jest/globals';
import { bucketListings } from '../../../../lib/store/write/bucket-listings.ts';
import { answeringS3 } from '../../../support/answering-s3.ts';

function rig(...answers: object[]) {
  const { sent, client } = answeringS3(...answers);
  return { sent, bucket: bucketListings(client, 'tarballs') };
}

describe('bucketListings', () => {
  it('lists objects by the beginning of their keys, with size and time', async () => {
    const LastModified = new Date('2026-01-01T00:00:00Z');
    const { bucket, sent } = rig({ Contents: [{ Key: 'a%2B1', Size: 7, LastModified }], IsTruncated: true }, {});
    const items = [{ key: 'a+1', size: 7, changedAt: LastModified.getTime() }];
    expect(await bucket.listObjects('a', undefined)).toEqual({ items, next: 'a+1' });
    expect(await bucket.listObjects('a', 'a+1')).toEqual({ items: [] });
    expect(sent[1]?.input).toEqual({ Bucket: 'tarballs', Prefix: 'a', EncodingType: 'url', StartAfter: 'a+1' });
  });

  it('lists the keys after a given one, whatever characters they have', async () => {
    const { bucket, sent } = rig(
      { Contents: [{ Key: 'a%2Bb' }, { Key: 'a+%C3%BC%0A' }], IsTruncated: true },
      { Contents: [{ Key: '100%' }] },
      {},
    );
    expect(await bucket.listKeys(undefined, 2)).toEqual({ items: ['a+b', 'a ü\n'], next: 'a ü\n' });
    expect(await bucket.listKeys('a ü\n', 2)).toEqual({ items: ['100%'] });
    expect(await bucket.listKeys('x', 2)).toEqual({ items: [] });
    expect(sent[0]?.input).toEqual({ Bucket: 'tarballs', MaxKeys: 2, EncodingType: 'url' });
    expect(sent[1]?.input).toEqual({ Bucket: 'tarballs', MaxKeys: 2, EncodingType: 'url', StartAfter: 'a ü\n' });
  });

  it('lists the open uploads after a given one', async () => {
    const Initiated = new Date('2026-01-01T00:00:00Z');
    const marker = { NextKeyMarker: 'a%2Bb', NextUploadIdMarker: 'u1' };
    const { bucket, sent } = rig(
      { Uploads: [{ Key: 'a%2Bb', UploadId: 'u1', Initiated }], IsTruncated: true, ...marker },
      { IsTruncated: false, NextKeyMarker: '', NextUploadIdMarker: '' },
    );
    const place = { key: 'a+b', uploadId: 'u1' };
    expect(await bucket.listUploads(undefined, 1)).toEqual({
      items: [{ ...place, begunAt: Initiated.getTime() }],
      next: place,
    });
    expect(await bucket.listUploads(place, 1)).toEqual({ items: [] });
    expect(sent[1]).toMatchObject({
      name: 'ListMultipartUploadsCommand',
      input: { KeyMarker: 'a+b', UploadIdMarker: 'u1', MaxUploads: 1 },
    });
  });
});
