import { describe, expect, it } from '@jest/globals';
import { away, sha256 } from '../../support/memory-bucket.ts';
import { type PublishRig, publishRig } from '../../support/publish-rig.ts';

const partSize = 16 * 1024 ** 2;
const show = 'GET /publish/channels/{channel}/uploads/{id}';
const hash = (part: number) => sha256(`part ${part}`, 'base64');

interface OpenUpload extends PublishRig {
  readonly uploadId: string;
  readonly size: number;
  readonly run: { readonly release: string; readonly operation: string };
  readonly arrive: (partNumber: number, more?: { size?: number; sha256?: string | undefined }) => void;
  readonly state: (after?: string) => ReturnType<PublishRig['call']>;
}

/** An upload of so many parts, of which none has arrived. */
async function opened(count: number): Promise<OpenUpload> {
  const rig = publishRig();
  await rig.add('demo');
  const size = (count - 1) * partSize + 7;
  const operation = 'operation-a';
  const partSha256s = Array.from({ length: count }, (_, index) => hash(index + 1));
  const run = { release: 'demo-1', operation, more: { size, partSha256s } };
  await rig.declare(run);
  const [uploadId = ''] = rig.bucket.uploads.keys();
  return {
    ...rig,
    uploadId,
    size,
    run: { release: 'demo-1', operation },
    arrive: (partNumber, more = {}) =>
      rig.bucket.putPartAs(uploadId, {
        partNumber,
        size: partNumber === count ? 7 : partSize,
        sha256: hash(partNumber),
        etag: `"${partNumber}"`,
        ...more,
      }),
    state: (after) =>
      rig.call(show, { channel: 'demo', id: operation, ...(after === undefined ? {} : { query: { after } }) }),
  };
}

const numbers = (parts: readonly { readonly partNumber: number }[]) => parts.map(({ partNumber }) => partNumber);

describe('an open upload', () => {
  it('lists the parts that have arrived, and signs the others again', async () => {
    const { state, arrive } = await opened(3);
    arrive(2);
    const { body } = await state();
    expect(body).toMatchObject({ status: 'open', upload: 'operation-a', partSize, arrived: [2] });
    expect(numbers(body.parts)).toEqual([1, 3]);
    expect(body.parts[1].headers).toMatchObject({ 'content-length': '7', 'x-amz-checksum-sha256': hash(3) });
  });

  it.each([
    ['another size', { size: 6 }],
    ['another SHA-256', { sha256: hash(9) }],
    ['no SHA-256', { sha256: undefined }],
  ])('does not count a part with %s as arrived', async (_, more) => {
    const { state, arrive } = await opened(2);
    arrive(2, more);
    expect((await state()).body).toMatchObject({ arrived: [], parts: [{ partNumber: 1 }, { partNumber: 2 }] });
  });

  it('signs at most 500 parts in one answer, and continues after a given part', async () => {
    const { state } = await opened(1_201);
    const first = (await state()).body;
    expect([first.parts.length, first.next]).toEqual([500, 500]);
    const second = (await state('500')).body;
    expect([second.parts[0].partNumber, second.next]).toEqual([501, 1_000]);
    const third = (await state('1000')).body;
    expect([third.parts.length, third.next]).toEqual([201, undefined]);
    expect((await state('1201')).body.parts).toEqual([]);
  });

  it('has no missing parts after it was completed', async () => {
    const { state, arrive, commit, run } = await opened(2);
    arrive(1);
    arrive(2);
    await commit(run);
    expect((await state()).body).toMatchObject({ arrived: [1, 2], parts: [] });
  });

  it('is refused with upload-gone after it was aborted', async () => {
    const { state, commit, run, bucket } = await opened(2);
    bucket.uploads.clear();
    for (const answer of [await state(), await commit(run)])
      expect(answer).toMatchObject({ status: 409, body: { code: 'upload-gone' } });
  });

  it('is refused with upload-gone where its declaration is cut', async () => {
    const { state, commit, run, bucket } = await opened(2);
    const key = 'uploads/demo/operation-a.json';
    bucket.put(key, bucket.objects.get(key)?.text.slice(0, 40) ?? '');
    for (const answer of [await state(), await commit(run)])
      expect(answer).toMatchObject({ status: 409, body: { code: 'upload-gone' } });
  });

  it.each(['x', '-1', '1.5', '123456', ''])('is refused with %j as the number of a part', async (after) => {
    const { state } = await opened(1);
    expect(await state(after)).toMatchObject({ status: 400, body: { field: 'after' } });
  });

  it.each([
    'operation-b',
    'short',
    '../../demo',
    'a/b/c/d/e',
    'operation-a.json',
    'a+b=c d%20!',
    '\ud800\ud800\ud800\ud800\ud800\ud800\ud800\ud800',
    'x'.repeat(65),
    '',
  ])('is not found by the ID %j', async (id) => {
    const { call, bucket } = await opened(1);
    bucket.calls.length = 0;
    expect(await call(show, { channel: 'demo', id })).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(bucket.calls.filter((name) => name.startsWith('get uploads'))).toHaveLength(id === 'operation-b' ? 1 : 0);
  });

  it('is not found in another channel', async () => {
    const { call, add } = await opened(1);
    await add('other');
    expect((await call(show, { channel: 'other', id: 'operation-a' })).status).toBe(404);
  });
});

describe('the completion of an upload', () => {
  it('is refused until every part has arrived', async () => {
    const { arrive, commit, run, bucket } = await opened(3);
    arrive(1);
    expect(await commit(run)).toMatchObject({
      status: 409,
      body: {
        code: 'parts-missing',
        detail: expect.stringContaining('2 of 3 parts of "demo-1.tar.xz" have not arrived'),
      },
    });
    expect(bucket.calls).not.toContain('complete demo-1.tar.xz');
  });

  it.each([
    ['of another size', 2, { size: 8 }],
    ['with another SHA-256', 1, { sha256: hash(9) }],
    ['that was never declared', 3, { size: 1 }],
  ])('is refused if a part %s', async (_, partNumber, more) => {
    const { arrive, commit, run, bucket } = await opened(2);
    arrive(1);
    arrive(2);
    arrive(partNumber, more);
    expect(await commit(run)).toMatchObject({ status: 409, body: { code: 'part-differs' } });
    expect(bucket.calls).not.toContain('complete demo-1.tar.xz');
  });

  it('joins the declared parts in order', async () => {
    const { arrive, commit, run, bucket, size } = await opened(2);
    arrive(2);
    arrive(1);
    const joined: unknown[] = [];
    const { completeUpload } = bucket.writer;
    bucket.writer.completeUpload = (key, uploadId, parts, whole) => {
      joined.push(uploadId, parts, whole);
      return completeUpload(key, uploadId, parts, whole);
    };
    expect((await commit(run)).status).toBe(200);
    const part = (partNumber: number) => ({ partNumber, etag: `"${partNumber}"`, sha256: hash(partNumber) });
    expect(joined).toEqual(['~up/load+1=', [part(1), part(2)], size]);
  });

  it.each([
    ['the same bytes', 'demo-1', 200, 'published'],
    ['other bytes', 'other!', 409, 409],
  ])(
    'compares %s that the bucket already has under its name, and aborts its own upload',
    async (_, bytes, status, word) => {
      const rig = publishRig();
      await rig.add('demo');
      rig.bucket.fault = (call, moment) => {
        if (call === 'complete demo-1.tar.xz' && moment === 'before')
          rig.bucket.put('demo-1.tar.xz', bytes, { channel: 'demo', sha256: sha256(bytes) });
      };
      expect(await rig.publish({ release: 'demo-1' })).toMatchObject({ status, body: { status: word } });
      expect(rig.bucket.uploads.size).toBe(0);
      expect(rig.bucket.json('demo.json').latest).toBe(status === 200 ? 'demo-1' : null);
    },
  );

  it('asks for a new upload where another completion was under way', async () => {
    const { arrive, commit, run, bucket } = await opened(1);
    arrive(1);
    bucket.writer.completeUpload = async () => 'conflict';
    for (const meanwhile of [() => {}, () => bucket.put('demo-1.tar.xz', 'demo-1')]) {
      meanwhile();
      expect(await commit(run)).toMatchObject({ status: 409, body: { code: 'upload-gone' } });
      expect(bucket.json('demo.json').latest).toBeNull();
    }
  });

  it('is found finished by a repeat if its answer was lost', async () => {
    const { arrive, commit, run, bucket } = await opened(1);
    arrive(1);
    bucket.fault = (call, moment) => {
      if (call === 'complete demo-1.tar.xz' && moment === 'after') throw away();
    };
    expect((await commit(run)).status).toBe(503);
    expect(bucket.json('demo.json').latest).toBeNull();
    bucket.fault = () => {};
    expect(await commit(run)).toMatchObject({ status: 200, body: { fresh: true, latest: true } });
  });

  it('is refused for an upload that was never opened', async () => {
    const { call } = await opened(1);
    const body = { operation: 'operation-a', upload: 'operation-z' };
    expect((await call('POST /publish/channels/{channel}/releases', { channel: 'demo', body })).status).toBe(404);
  });
});
