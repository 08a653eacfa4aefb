import { describe, expect, it } from '@jest/globals';
import { answerOf, mapLimit, statusOf } from '../../../../lib/store/write/s3-requests.ts';

const failure = (status: number, name = 'Failure') =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });

describe('mapLimit', () => {
  it('keeps the order, and never has more than the limit under way', async () => {
    let underWay = 0;
    let max = 0;
    const results = await mapLimit([5, 1, 4, 2, 3], 3, async (number) => {
      underWay += 1;
      max = Math.max(max, underWay);
      for (let turn = 0; turn < number; turn += 1) await Promise.resolve();
      underWay -= 1;
      return number * 2;
    });
    expect([results, max]).toEqual([[10, 2, 8, 4, 6], 3]);
  });

  it('ends with the first failure, and starts nothing after it', async () => {
    const started: number[] = [];
    const mapped = mapLimit([1, 2, 3], 1, async (number) => {
      started.push(number);
      if (number === 2) throw new Error('two');
    });
    await expect(mapped).rejects.toThrow('two');
    expect(started).toEqual([1, 2]);
  });
});

describe('statusOf', () => {
  it.each<[string, unknown, number | undefined]>([
    ['an error of S3', failure(404, 'NoSuchKey'), 404],
    ['a bucket that does not exist', failure(404, 'NoSuchBucket'), undefined],
    ['a broken connection', new Error('socket hang up'), undefined],
    ['a status that is a text', { $metadata: { httpStatusCode: '404' } }, undefined],
    ['null', null, undefined],
    ['undefined', undefined, undefined],
  ])('reads the status of %s', (_, error, status) => {
    expect(statusOf(error)).toBe(status);
  });
});

describe('answerOf', () => {
  it('gives the answer, or the value for a status that is expected', async () => {
    expect(await answerOf(Promise.resolve('answer'))).toBe('answer');
    expect(await answerOf(Promise.reject(failure(412)), { 412: 'changed' })).toBe('changed');
  });

  it('throws Unavailable, with the cause, for any other error', async () => {
    const cause = failure(404, 'NoSuchBucket');
    await expect(answerOf(Promise.reject(cause), { 404: undefined })).rejects.toMatchObject({ status: 503, cause });
  });
});
