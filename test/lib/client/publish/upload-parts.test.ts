import { truncateSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { PartUrl } from '../../../../lib/api/answers.ts';
import type { Exchange, ExchangeResult } from '../../../../lib/client/api/http.ts';
import { type PartUpload, uploadParts } from '../../../../lib/client/publish/upload-parts.ts';
import { bodyOf } from '../../../support/api-send.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const content = 'abcdefghij';
const partSize = 4;
const file = directory.file('a.tar.xz', content);

const part = (partNumber: number, version = 1): PartUrl => ({
  partNumber,
  url: `https://bucket.test/a?partNumber=${partNumber}&version=${version}`,
  headers: { 'content-length': String(Math.min(partSize, content.length - (partNumber - 1) * partSize)) },
});

interface Request {
  readonly partNumber: string | null;
  readonly version: string | null;
  readonly body: string;
}

/** Runs an upload whose requests are answered by `answer`, from the body that arrived and the count of requests so far. */
function rig(
  answer: (request: Request, count: number) => ExchangeResult | Promise<ExchangeResult>,
  more: Partial<PartUpload> = {},
) {
  const clock = new FakeClock();
  const requests: Request[] = [];
  const arrived: [number, number][] = [];
  const signed: number[] = [];
  const upload: PartUpload = {
    path: file,
    partSize,
    sleep: clock.sleep,
    send: async (exchange: Exchange) => {
      const body = (await bodyOf(exchange)).toString();
      exchange.signal?.throwIfAborted();
      const { searchParams } = exchange.url;
      const request = { partNumber: searchParams.get('partNumber'), version: searchParams.get('version'), body };
      requests.push(request);
      return answer(request, requests.length);
    },
    signAgain: async (partNumber) => {
      signed.push(partNumber);
      return part(partNumber, signed.length + 1);
    },
    onPart: (partNumber, bytes) => arrived.push([partNumber, bytes]),
    ...more,
  };
  return { clock, requests, arrived, signed, upload: (...parts: PartUrl[]) => uploadParts(upload, parts) };
}

const ok = { status: 200, body: '' };
const refused = (status: number, code: string) => ({ status, body: `<Error><Code>${code}</Code></Error>` });
const reset = () => Promise.reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));

describe('sending parts', () => {
  it('sends each its bytes of the file, and tells of each', async () => {
    const { upload, requests, arrived } = rig(() => ok);
    await upload(part(1), part(2), part(3));
    expect(requests.map(({ body }) => body).sort()).toEqual(['abcd', 'efgh', 'ij']);
    expect(arrived.sort()).toEqual([
      [1, 4],
      [2, 4],
      [3, 2],
    ]);
  });

  it('sends four at once, and no more', async () => {
    const open: number[] = [];
    let count = 0;
    const { upload } = rig(() => ok, {
      send: async (exchange) => {
        count += 1;
        open.push(count);
        await bodyOf(exchange);
        count -= 1;
        return ok;
      },
    });
    await upload(...Array.from({ length: 20 }, () => part(1)));
    expect([Math.max(...open), open.length]).toEqual([4, 20]);
  });

  it.each([
    ['a broken connection', reset],
    ['a 500', () => refused(500, 'InternalError')],
    ['a 503', () => refused(503, 'SlowDown')],
    ['a timeout of S3', () => refused(400, 'RequestTimeout')],
  ])('sends again after %s, later each time', async (_, failure) => {
    const { upload, requests, clock, arrived } = rig((_request, count) => (count < 4 ? failure() : ok));
    await upload(part(1));
    expect([requests.length, arrived]).toEqual([4, [[1, 4]]]);
    expect(clock.slept).toHaveLength(3);
    for (const [attempt, duration] of clock.slept.entries()) {
      expect(duration).toBeGreaterThanOrEqual(125 * 2 ** attempt);
      expect(duration).toBeLessThanOrEqual(250 * 2 ** attempt);
    }
  });

  it('waits as long as S3 asks for, and tells waits of more than two seconds', async () => {
    const notes: string[] = [];
    const answer = { ...refused(503, 'SlowDown'), headers: { 'retry-after': '9' } };
    const { upload, clock } = rig((_request, count) => (count === 1 ? answer : count === 2 ? reset() : ok), {
      note: (sentence) => notes.push(sentence),
    });
    await upload(part(1));
    expect(clock.slept[0]).toBe(9_000);
    expect(notes).toEqual(['waiting 9 s to try again: part 1 did not arrive (the bucket answered 503 SlowDown)']);
  });

  it('signs anew where the URL is refused', async () => {
    const { upload, requests, signed } = rig(({ version }) => (version === '1' ? refused(403, 'AccessDenied') : ok));
    await upload(part(2));
    expect([requests.map(({ version }) => version), signed]).toEqual([['1', '2'], [2]]);
  });

  it('sends no more of a part that turns out to have arrived', async () => {
    const { upload, requests, arrived } = rig(reset, { signAgain: async () => undefined });
    await upload(part(1));
    expect([requests.length, arrived]).toEqual([1, [[1, 4]]]);
  });

  it('gives up after six tries with one sentence', async () => {
    const { upload, requests } = rig(() => refused(503, 'SlowDown'));
    await expect(upload(part(1))).rejects.toMatchObject({
      status: 503,
      message:
        'Part 1 does not arrive (the bucket answered 503 SlowDown). Nothing was published: run the same command again.',
    });
    expect(requests).toHaveLength(6);
  });

  it('names the code of a failure that has no message', async () => {
    const { upload } = rig(() => Promise.reject(Object.assign(new Error(''), { code: 'ECONNREFUSED' })));
    await expect(upload(part(1))).rejects.toMatchObject({ message: expect.stringContaining('(ECONNREFUSED)') });
  });

  it('begins no further part once one failed for good', async () => {
    const { upload, requests } = rig(({ partNumber }) => (partNumber === '1' ? refused(400, 'BadDigest') : ok));
    await expect(upload(part(1), ...Array.from({ length: 50 }, () => part(2)))).rejects.toMatchObject({ status: 400 });
    expect(requests.length).toBeLessThan(20);
  });

  it.each(['BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody'])(
    'says at once that the file changed on %s',
    async (code) => {
      const { upload, requests, clock } = rig(() => refused(400, code));
      await expect(upload(part(1))).rejects.toMatchObject({
        status: 400,
        message: `${file} changed while it was uploaded: publish it when it is complete.`,
      });
      expect([requests.length, clock.slept]).toEqual([1, []]);
    },
  );

  it('says at once that the file shrank', async () => {
    const path = directory.file('shrinks.tar.xz', content);
    truncateSync(path, 6);
    const { upload, requests } = rig(() => ok, { path });
    await expect(upload(part(2))).rejects.toMatchObject({
      message: expect.stringContaining('changed while it was uploaded'),
    });
    expect(requests).toEqual([]);
  });

  it('passes on what the API says when a part is to be signed anew', async () => {
    const gone = Object.assign(new Error('gone'), { code: 'upload-gone' });
    const { upload } = rig(reset, { signAgain: () => Promise.reject(gone) });
    await expect(upload(part(1))).rejects.toBe(gone);
  });

  it('does nothing where there are none', async () => {
    await expect(rig(reset).upload()).resolves.toBeUndefined();
  });
});
