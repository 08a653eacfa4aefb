import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startS3 } from '../../../../lib/local/s3/server.ts';
import { testS3 } from '../../../support/test-s3.ts';

const s3 = await testS3();
afterAll(() => s3.close());

const object = { Bucket: 'bucket', Key: 'demo-1.tar.xz' };
const target = '/bucket/demo-1.tar.xz?tagging=';
const retired = { key: 'kind', value: 'retired' };
const tag = (TagSet: { Key: string; Value: string }[], of = object) =>
  s3.client.send(new PutObjectTaggingCommand({ ...of, Tagging: { TagSet } }));
const tagsOf = async (of = object) => (await s3.client.send(new GetObjectTaggingCommand(of))).TagSet;
const xml = (...pairs: readonly (readonly [string, string])[]) =>
  `<Tagging><TagSet>${pairs.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`;

beforeEach(() => s3.client.send(new PutObjectCommand({ ...object, Body: 'bytes', Tagging: 'kind=release' })));

describe('the tags of an object of the S3 stand-in', () => {
  it('are those of its PUT, until others replace them', async () => {
    expect(await tagsOf()).toEqual([{ Key: 'kind', Value: 'release' }]);
    await tag([
      { Key: 'kind', Value: 'retired' },
      { Key: 'by', Value: 'the schedule' },
    ]);
    expect(await tagsOf()).toEqual([
      { Key: 'kind', Value: 'retired' },
      { Key: 'by', Value: 'the schedule' },
    ]);
    expect((await s3.client.send(new GetObjectCommand(object))).TagCount).toBe(2);
    await tag([]);
    expect(await tagsOf()).toEqual([]);
    expect((await s3.client.send(new GetObjectCommand(object))).TagCount).toBeUndefined();
  });

  it('change without the object: its entity tag, its time, its metadata and its bytes stay', async () => {
    await s3.client.send(new PutObjectCommand({ ...object, Body: 'bytes', Metadata: { rev: '1' } }));
    const before = await s3.client.send(new HeadObjectCommand(object));
    await tag([{ Key: 'kind', Value: 'retired' }]);
    const { Body, ...after } = await s3.client.send(new GetObjectCommand(object));

    const { ETag, LastModified, Metadata, ContentLength } = before;
    expect(after).toMatchObject({ ETag, LastModified, Metadata, ContentLength });
    expect(await Body?.transformToString()).toBe('bytes');
  });

  it('are kept in the directory', async () => {
    await tag([{ Key: 'kind', Value: 'retired' }]);
    const copy = await mkdtemp(join(tmpdir(), 'tagging-'));
    await cp(s3.dataDir, copy, { recursive: true });
    const again = await startS3({
      dataDir: copy,
      hosts: ['127.0.0.1'],
      port: 0,
      region: 'us-east-1',
      credentials: () => 'secret',
    });

    expect(again.deleteTagged(retired)).toEqual([object.Key]);
    await again.close();
    await rm(copy, { recursive: true });
  });

  it.each([
    ['404 for an object that does not exist', '/bucket/none?tagging=', xml(['a', 'b']), 404, 'NoSuchKey'],
    ['404 for a bucket that does not exist', '/none/key?tagging=', xml(['a', 'b']), 404, 'NoSuchBucket'],
    ['400 for no XML', target, 'tags', 400, 'MalformedXML'],
    ['400 for another document', target, '<TagSet/>', 400, 'MalformedXML'],
    [
      '400 for a tag without a value',
      target,
      '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>',
      400,
      'MalformedXML',
    ],
    ['400 for two tags with one key', target, xml(['a', 'b'], ['a', 'c']), 400, 'InvalidTag'],
    ['400 for a key with a sign that S3 refuses', target, xml(['a*', 'b']), 400, 'InvalidTag'],
    ['400 for a long key', target, xml(['a'.repeat(129), 'b']), 400, 'InvalidTag'],
    ['400 for a long value', target, xml(['a', 'b'.repeat(257)]), 400, 'InvalidTag'],
    [
      '400 for eleven tags',
      target,
      xml(...Array.from({ length: 11 }, (_, number) => [`k${number}`, ''] as const)),
      400,
      'InvalidTag',
    ],
    ['501 for a version', `${target}&versionId=null`, xml(['a', 'b']), 501, 'NotImplemented'],
  ])('are answered with %s, and stay', async (_, where, body, status, code) => {
    expect(await s3.sendSigned({ method: 'PUT', target: where, body })).toMatchObject({ status, code });
    expect(await tagsOf()).toEqual([{ Key: 'kind', Value: 'release' }]);
  });

  it('are refused with a checksum that is not of the body', async () => {
    const headers = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' };
    const answer = await s3.sendSigned({ method: 'PUT', target, body: xml(['kind', 'retired']), headers });
    expect(answer).toMatchObject({ status: 400, code: 'BadDigest' });
    expect(await tagsOf()).toEqual([{ Key: 'kind', Value: 'release' }]);
  });

  it('of a PUT are refused like others', async () => {
    const send = s3.client.send(new PutObjectCommand({ ...object, Body: 'x', Tagging: 'a=b&a=c' }));
    await expect(send).rejects.toMatchObject({ name: 'InvalidTag' });
  });
});

describe('the lifecycle of the S3 stand-in', () => {
  it('deletes the objects that have a tag, and no others', async () => {
    const put = (Key: string, Tagging?: string) =>
      s3.client.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: Key, ...(Tagging ? { Tagging } : {}) }));
    await put('kept-1', 'kind=release');
    await put('kept-2', 'other=retired');
    await put('kept-3', 'kind=retired-not');
    await put('kept-4');
    await put('gone-1', 'kind=retired');
    await put('gone-2', 'other=1&kind=retired');

    expect([...s3.deleteTagged(retired)].sort()).toEqual(['gone-1', 'gone-2']);
    expect(s3.deleteTagged(retired)).toEqual([]);
    for (const Key of ['kept-1', 'kept-2', 'kept-3', 'kept-4'])
      await s3.client.send(new HeadObjectCommand({ Bucket: 'bucket', Key }));
    for (const Key of ['gone-1', 'gone-2'])
      await expect(s3.client.send(new HeadObjectCommand({ Bucket: 'bucket', Key }))).rejects.toMatchObject({
        name: 'NotFound',
      });
  });
});

it('answers with the time of its clock', async () => {
  const clocked = await testS3({ clock: () => new Date('2030-05-01T12:00:00.900Z') });
  try {
    const { headers } = await clocked.send({ method: 'GET', target: '/' });
    expect(headers.date).toBe('Wed, 01 May 2030 12:00:00 GMT');
  } finally {
    await clocked.close();
  }
});
