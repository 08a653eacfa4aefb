import { describe, expect, it } from '@jest/globals';
import { factsToMetadata } from '../../../../lib/domain/release.ts';
import { fixedKeys, type ToPresign } from '../../../../lib/store/read/presign.ts';
import { createBucketReader } from '../../../../lib/store/read/reader.ts';
import type { StoreRequest, StoreResponse } from '../../../../lib/store/read/request.ts';

const found: StoreResponse = {
  status: 200,
  headers: { etag: '"e1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'content-length': '7' },
  body: '{}',
};

function rig(answer: Partial<StoreResponse> | Error) {
  const requests: StoreRequest[] = [];
  const presigned: ToPresign[] = [];
  const reader = createBucketReader(
    async (request) => {
      requests.push(request);
      if (!('headers' in answer) && 'message' in answer) throw answer;
      return { ...found, ...answer };
    },
    async (request) => {
      presigned.push(request);
      return `https://bucket.test/${request.key}?expires=${request.expiresInSeconds}`;
    },
    fixedKeys({ accessKeyId: 'key', secretAccessKey: 'secret' }),
  );
  return { reader, requests, presigned };
}

describe('the bucket as the read path sees it', () => {
  it('gives a text with its entity tag and the time of its change', async () => {
    const { reader, requests } = rig({});
    expect(await reader.readText('demo.json')).toEqual({
      text: '{}',
      etag: '"e1"',
      changedAt: Date.parse('2026-01-01'),
    });
    expect(requests).toEqual([{ method: 'GET', url: 'https://bucket.test/demo.json?expires=60', timeoutMs: 3_000 }]);
  });

  it('is asked with If-None-Match for what is known', async () => {
    const { reader, requests } = rig({ status: 304, body: '' });
    expect(await reader.readText('demo.json', '"e1"')).toBe('unchanged');
    expect(requests[0]?.headers).toEqual({ 'if-none-match': '"e1"' });
  });

  it('tells of an object', async () => {
    const { reader, requests } = rig({ body: '' });
    expect(await reader.head('a-1.tar.xz')).toEqual({
      etag: '"e1"',
      size: 7,
      lastModified: found.headers['last-modified'],
      facts: {},
    });
    expect(requests[0]).toMatchObject({ method: 'HEAD' });
  });

  it("tells what an object's metadata says of it, as far as it can be believed", async () => {
    const facts = {
      rev: '0a'.repeat(20),
      revCount: 7,
      lastModified: 1_767_225_600,
      narHash: 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=',
      sha256: 'ab'.repeat(32),
    };
    const metadata = Object.entries({ ...factsToMetadata(facts, 'a'), other: 'x' });
    const headers = Object.fromEntries(metadata.map(([name, value]) => [`x-amz-meta-${name}`, value]));
    expect(await rig({ headers: { ...found.headers, ...headers }, body: '' }).reader.head('a-1')).toMatchObject({
      facts,
      channel: 'a',
    });
    const damaged = { ...headers, 'x-amz-meta-rev': '"><', 'x-amz-meta-revcount': '-1' };
    const { rev: _, revCount: __, ...credible } = facts;
    const head = await rig({ headers: { ...found.headers, ...damaged }, body: '' }).reader.head('a-1');
    expect(head).toMatchObject({ facts: credible });
    expect(head).not.toMatchObject({ facts: { rev: expect.anything() } });
  });

  it('signs URLs to hand out for as long as it is told', async () => {
    const { reader, presigned } = rig({});
    await reader.presignGet('a-1.tar.xz', 600);
    expect(presigned).toEqual([{ method: 'GET', key: 'a-1.tar.xz', expiresInSeconds: 600 }]);
  });

  it.each([
    ['a text', 'readText', 403, 'InvalidAccessKeyId', 2],
    ['a text', 'readText', 403, 'SignatureDoesNotMatch', 2],
    ['a text', 'readText', 401, 'Unauthorized', 2],
    ['a text', 'readText', 403, 'AccessDenied', 1],
    ['an object', 'head', 403, '', 2],
    ['an object', 'head', 500, '', 1],
  ] as const)('asks for %s (%s) that was answered %i %s so often: %i', async (_, call, status, code, times) => {
    const requests: string[] = [];
    let key = 'old';
    const reader = createBucketReader(
      async ({ url }) => {
        requests.push(url);
        return url === 'old' ? { ...found, status, body: `<Code>${code}</Code>` } : found;
      },
      async () => key,
      {
        get: () => ({ accessKeyId: key, secretAccessKey: 'secret' }),
        generation: () => 0,
        renew: async ({ accessKeyId }) => {
          expect(accessKeyId).toBe('old');
          key = 'new';
          return true;
        },
      },
    );
    const asked = reader[call]('demo.json');
    if (times === 1) await expect(asked).rejects.toMatchObject({ status: 503 });
    else expect(await asked).toMatchObject({ etag: '"e1"' });
    expect(requests).toEqual(['old', 'new'].slice(0, times));
  });

  it('has nothing only where S3 says 404', async () => {
    const { reader } = rig({ status: 404 });
    expect(await reader.readText('demo.json')).toBe('absent');
    expect(await reader.head('demo.json')).toBe('absent');
  });

  it('is away where there is no bucket at all, rather than empty', async () => {
    const { reader } = rig({ status: 404, body: '<Error><Code>NoSuchBucket</Code></Error>' });
    await expect(reader.readText('channels.json')).rejects.toMatchObject({ status: 503 });
  });

  it.each([
    ['a 403', { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }, '403 AccessDenied'],
    ['a 403 without a body', { status: 403, body: '' }, 'S3 answered 403'],
    ['a 500', { status: 500 }, '500'],
    ['a 503', { status: 503 }, '503'],
    ['a redirect', { status: 307 }, '307'],
    ['a 304 that was not asked for', { status: 304 }, '304'],
    ['an answer without an entity tag', { headers: { 'last-modified': 'x', 'content-length': '1' } }, 'no etag'],
    ['an answer with two of one header', { headers: { etag: ['"a"', '"b"'] } }, 'no etag'],
    ['a broken connection', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'reset'],
  ])('is away on %s', async (_, answer, cause) => {
    const { reader } = rig(answer);
    for (const asked of [reader.readText('demo.json'), reader.head('a-1.tar.xz')])
      await expect(asked).rejects.toMatchObject({
        status: 503,
        message: expect.stringContaining('try again'),
        cause: expect.objectContaining({ message: expect.stringContaining(cause) }),
      });
  });
});
