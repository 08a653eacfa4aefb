import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import { publishRig } from '../../support/publish-rig.ts';

const names = (counted: readonly [string, number][]): string[] => counted.map(([name]) => name);

describe('the metrics and the log of publishing', () => {
  it('count a release once, with its bytes, however often the request is repeated', async () => {
    const { add, publish, counted } = publishRig();
    await add('demo');
    const run = { release: 'demo-1', bytes: 'four', operation: 'the-operation' };
    for (let repeat = 0; repeat < 3; repeat += 1) await publish(run);

    expect(counted.filter(([name]) => name.startsWith('Publish'))).toEqual([
      ['Publishes', 1],
      ['PublishedBytes', 4],
    ]);
  });

  it('count a conflict for each 409', async () => {
    const { add, publish, counted } = publishRig();
    await add('demo');
    await publish({ release: 'demo-1' });
    await publish({ release: 'demo-1', bytes: 'other' });

    expect(names(counted).filter((name) => name === 'Conflicts')).toHaveLength(1);
    expect(names(counted)).not.toContain('FailedPublishes');
  });

  it('count a failure for each 5xx, and each failed call to S3', async () => {
    const { bucket, add, counted, requests } = publishRig();
    bucket.fault = () => {
      throw away();
    };
    await add('demo');

    expect(counted).toEqual([
      ['OperationLatency', 0],
      ['FailedPublishes', 1],
      ['S3Errors', 1],
    ]);
    expect(requests).toEqual([
      expect.objectContaining({ requestId: 'request-1', outcome: 'unavailable', status: 503, coldStart: true }),
    ]);
  });

  it('have the name of a channel only if it exists', async () => {
    const { add, call, requests } = publishRig();
    await add('demo');
    await call('GET /publish/channels/{channel}', { channel: 'demo' });
    await call('GET /publish/channels/{channel}', { channel: 'nope' });

    expect(requests.map(({ channel }) => channel)).toEqual([undefined, 'demo', undefined]);
  });

  it('have the release that an answer is about, and the channel that a promotion changes', async () => {
    const { add, publish, call, requests } = publishRig();
    await add('small');
    await add('demo');
    await publish({ channel: 'small', release: 'small-1' });
    await call('POST /publish/promotions/{from}/{to}', {
      pair: { from: 'small', to: 'demo' },
      body: { operation: 'promotion-1' },
    });

    expect(requests.slice(-2)).toMatchObject([
      { channel: 'small', release: 'small-1', outcome: 'done' },
      { channel: 'demo', release: 'small-1', outcome: 'done' },
    ]);
  });
});
