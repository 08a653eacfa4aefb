import { describe, expect, it } from '@jest/globals';
import { newOperation, type PublishRig, publishRig } from '../../support/publish-rig.ts';

const count = 50;
const every = <Value>(make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A bucket whose calls take 5 ms each way, so that everybody gets between everybody's reading and writing. */
function slowRig(): PublishRig {
  const rig = publishRig();
  rig.bucket.delay = () => rig.clock.sleep(5);
  return rig;
}

describe(`${count} publishers at the same time`, () => {
  it('publish to one channel without losing a release, and previous has the order of the commits', async () => {
    const { bucket, add, publish } = slowRig();
    await add('demo');
    const answers = await Promise.all(every((index) => publish({ release: `demo-${index}` })));
    expect(answers.every(({ status, body }) => status === 200 && body.fresh)).toBe(true);
    const { latest, previous, serial, history } = bucket.json('demo.json') as {
      latest: string;
      previous: string[];
      serial: number;
      history: { serial: number; release?: string; from?: string }[];
    };
    expect(new Set([...previous, latest])).toEqual(new Set(every((index) => `demo-${index}`)));
    expect(previous).toHaveLength(count - 1);
    expect(serial).toBe(count + 1);
    expect(history.slice(1).map(({ release }) => release)).toEqual([...previous, latest]);
    expect(history.slice(2).map(({ from }) => from)).toEqual(previous);
    expect(history.map((change) => change.serial)).toEqual(Array.from({ length: count + 1 }, (_, index) => index + 1));
  });

  it('publish the same release with the same bytes, all successfully, in one commit', async () => {
    const { bucket, add, publish } = slowRig();
    await add('demo');
    const answers = await Promise.all(every(() => publish({ release: 'demo-1' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.filter(({ body }) => body.fresh)).toHaveLength(1);
    expect(bucket.json('demo.json')).toMatchObject({ latest: 'demo-1', previous: [], serial: 2 });
    expect(bucket.uploads.size).toBe(0);
  });

  it('publish the same release with different bytes, and all but one are refused', async () => {
    const { bucket, add, publish } = slowRig();
    await add('demo');
    const answers = await Promise.all(every((index) => publish({ release: 'demo-1', bytes: `bytes ${10 + index}` })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 409 && body.code === 'other-bytes')).toHaveLength(count - 1);
    expect(bucket.json('demo.json')).toMatchObject({ latest: 'demo-1', previous: [], serial: 2 });
  });

  it('add a channel each, and no channel is lost', async () => {
    const { bucket, add } = slowRig();
    const answers = await Promise.all(every((index) => add(`c${index}`)));
    expect(answers.every(({ status, body }) => status === 200 && body.fresh)).toBe(true);
    const { channels } = bucket.json('channels.json') as { channels: string[] };
    expect([...channels].sort()).toEqual(every((index) => `c${index}`).sort());
    expect(channels.every((channel) => bucket.objects.has(`${channel}.json`))).toBe(true);
  });

  it('revoke a token each, and no entry is lost', async () => {
    const { bucket, call } = slowRig();
    const twice = [...every((index) => `a${index}`), ...every((index) => `b${index}`)];
    const answers = await Promise.all(
      twice.map((jti) =>
        call('POST /publish/revocations', { body: { operation: newOperation(), jti, until: 1_900_000_000 } }),
      ),
    );
    expect(answers.every(({ status, body }) => status === 200 && body.fresh)).toBe(true);
    const { revoked } = bucket.json('revoked.json') as { revoked: { jti: string }[] };
    expect(revoked.map(({ jti }) => jti).sort()).toEqual([...twice].sort());
  });

  it('change the visibility of one channel, and the catalog has what the newest change in the history says', async () => {
    const { bucket, add, call } = slowRig();
    await add('demo');
    const answers = await Promise.all(
      every((index) =>
        call('PATCH /publish/catalog/{channel}', {
          channel: 'demo',
          body: { operation: newOperation(), visibility: index % 2 === 0 ? 'public' : 'private', maxAge: 60 + index },
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { history, serial } = bucket.json('demo.json') as { history: { visibility?: string }[]; serial: number };
    expect(serial).toBe(count + 1);
    const { public: open } = bucket.json('channels.json') as { public: string[] };
    const last = history.findLast(({ visibility }) => visibility !== undefined)?.visibility;
    expect(open).toEqual(last === 'public' ? ['demo'] : []);
  });

  it('add the same channel, and the catalog has it once', async () => {
    const { bucket, add } = slowRig();
    const answers = await Promise.all(every(() => add('demo')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(bucket.json('channels.json').channels).toEqual(['demo']);
    expect(bucket.json('demo.json').serial).toBe(1);
  });
});
