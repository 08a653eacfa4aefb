import { beforeEach, describe, expect, it } from '@jest/globals';
import { newOperation, type PublishAnswer, type PublishRig, publishRig } from '../../support/publish-rig.ts';

let rig: PublishRig;
const ask = (body: object): Promise<PublishAnswer> =>
  rig.call('POST /publish/pins/{channel}', { channel: 'demo', body: { operation: newOperation(), ...body } });
// biome-ignore lint/suspicious/noExplicitAny: records are looked into by name
const recordOf = (channel: string): any => rig.bucket.json(`${channel}.json`);

beforeEach(async () => {
  rig = publishRig();
  await rig.add('demo');
  for (const release of ['demo-1', 'demo-2', 'demo-3', 'demo-4']) await rig.publish({ release });
});

describe('a pin', () => {
  it('is set with a reason and removed without one, once for each operation', async () => {
    const operation = newOperation();
    const pin = { operation, release: 'demo-1', reason: 'a customer has it' };
    expect((await ask({ ...pin, dryRun: true })).body.fresh).toBe(true);
    expect(recordOf('demo')).not.toHaveProperty('pinned');
    for (let run = 0; run < 2; run += 1)
      expect((await ask(pin)).body).toEqual({
        channel: 'demo',
        action: 'pin',
        fresh: true,
        release: 'demo-1',
      });
    expect(recordOf('demo').serial).toBe(6);
    expect((await ask({ ...pin, operation: newOperation() })).body.fresh).toBe(false);
    expect((await ask({ release: 'demo-1', operation })).body.code).toBe('operation-used');
    expect((await ask({ release: 'demo-9', reason: 'x' })).status).toBe(404);
    expect((await ask({ release: 'demo-1' })).body).toMatchObject({ action: 'unpin', fresh: true });
    expect(recordOf('demo')).not.toHaveProperty('pinned');
    expect(rig.lines.at(-1)).toMatchObject({ message: 'unpin', channel: 'demo', release: 'demo-1' });
  });
});
