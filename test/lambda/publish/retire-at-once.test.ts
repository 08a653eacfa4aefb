import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import { retirementOf } from '../../../lib/domain/retirement.ts';
import { away } from '../../support/memory-bucket.ts';
import { newOperation, type PublishAnswer, type PublishRig, publishRig } from '../../support/publish-rig.ts';

const channels = ['demo', 'stable', 'third'];

async function preparedRig(): Promise<PublishRig> {
  const rig = publishRig();
  for (const channel of channels) await rig.add(channel);
  for (const release of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release });
  return rig;
}

const recordOf = ({ bucket }: PublishRig, channel: string) =>
  parseRecord(bucket.objects.get(`${channel}.json`)?.text ?? '');

/** Releases that a channel leads to although a channel retired them for all. */
const lostReleases = (rig: PublishRig): string[] =>
  channels.flatMap((channel) => {
    const release = resolvedRelease(recordOf(rig, channel));
    const marks = channels.map((name) => retirementOf(recordOf(rig, name), release ?? ''));
    return release !== undefined && marks.some((mark) => mark !== undefined && mark.shared !== true) ? [release] : [];
  });

type Action = (rig: PublishRig, operation: string) => Promise<PublishAnswer>;

const retire: Action = ({ call }, operation) =>
  call('POST /publish/retirements/{channel}', {
    channel: 'demo',
    body: { operation, releases: ['demo-1', 'demo-2'], reason: 'old' },
  });
const takeDown: Action = ({ call }, operation) =>
  call('POST /publish/takedowns/{channel}', { channel: 'demo', body: { operation, release: 'demo-2', reason: 'law' } });
const promote =
  (from: string, to: string, release: string): Action =>
  ({ call }, operation) =>
    call('POST /publish/promotions/{from}/{to}', { pair: { from, to }, body: { operation, release, force: true } });

const others: Readonly<Record<string, Action>> = {
  promotion: promote('demo', 'stable', 'demo-2'),
  'promotion of another': promote('demo', 'third', 'demo-1'),
  rollback: ({ call }, operation) =>
    call('POST /publish/channels/{channel}/rollback', {
      channel: 'demo',
      body: { operation, from: 'demo-3', to: 'demo-2' },
    }),
  yank: ({ call }, operation) =>
    call('POST /publish/channels/{channel}/yank', {
      channel: 'demo',
      body: { operation, release: 'demo-3', reason: 'broken' },
    }),
  publication: ({ publish }, operation) => publish({ release: 'demo-2', operation }),
};

const operations = fc.subarray(Object.keys(others), { minLength: 1 });
/** By call to the bucket, how many other steps come before it: now and then enough for a whole operation of another. */
const pauses = fc.infiniteStream(fc.oneof({ weight: 5, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(400) }));

function paused(rig: PublishRig, steps: Iterator<number>): void {
  rig.bucket.delay = async () => {
    for (let left = steps.next().value as number; left > 0; left -= 1) await null;
  };
}

describe.each([
  ['a retirement', retire],
  ['a takedown', takeDown],
])('%s at the same time as what moves a channel', (_, action) => {
  it('in any order leaves no channel at a release that is gone', async () => {
    await fc.assert(
      fc.asyncProperty(operations, pauses, async (names, stream) => {
        const rig = await preparedRig();
        paused(rig, stream[Symbol.iterator]());
        const answers = await Promise.all(
          [action, ...names.map((name) => others[name] as Action)].map((run) => run(rig, newOperation())),
        );
        expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
        expect(lostReleases(rig)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a crash during a retirement', () => {
  it.each(['before', 'after'] as const)(
    '%s any call took effect leaves the old state or the new one, and the same run goes through',
    async (moment) => {
      for (let failing = 1, crashed = true; crashed; failing += 1) {
        const rig = await preparedRig();
        let calls = 0;
        rig.bucket.fault = (_, when) => {
          calls += when === moment ? 1 : 0;
          if (when === moment && calls === failing) throw away();
        };
        const operation = newOperation();
        const { status } = await retire(rig, operation);
        crashed = calls >= failing;
        rig.bucket.fault = () => {};
        expect(status).toBe(crashed ? 503 : 200);
        expect([0, 2]).toContain(Object.keys(recordOf(rig, 'demo').retired).length);
        expect(await retire(rig, operation)).toMatchObject({ status: 200, body: { fresh: true } });
        expect(Object.keys(recordOf(rig, 'demo').retired)).toEqual(['demo-1', 'demo-2']);
        if (!crashed) expect(failing).toBeGreaterThan(8);
      }
    },
  );

  it('that a promotion followed is put right by the same run', async () => {
    const rig = await preparedRig();
    const operation = newOperation();
    let writes = 0;
    rig.bucket.fault = (call, when) => {
      writes += when === 'after' && call === 'put demo.json' ? 1 : 0;
      if (writes > 0) throw away();
    };
    await retire(rig, operation);
    rig.bucket.fault = () => {};
    // As a promotion that read the record before the mark was there.
    const stable = rig.bucket.json('stable.json');
    rig.bucket.putJson('stable.json', { ...stable, latest: 'demo-2' });
    expect(lostReleases(rig)).toEqual(['demo-2']);
    const { body } = await retire(rig, operation);
    expect(body.kept).toEqual([{ release: 'demo-2', why: 'named', channel: 'stable' }]);
    expect(body.releases).toMatchObject([{ release: 'demo-1' }]);
    expect(lostReleases(rig)).toEqual([]);
    expect(recordOf(rig, 'demo').history.at(-1)).toMatchObject({ action: 'unretire', release: 'demo-2' });
  });
});

describe('a crash during a takedown', () => {
  it.each(['before', 'after'] as const)(
    '%s any call took effect leaves each channel in the old state or the new one, and the same run goes through',
    async (moment) => {
      for (let failing = 1, crashed = true; crashed; failing += 1) {
        const rig = await preparedRig();
        await promote('demo', 'stable', 'demo-2')(rig, newOperation());
        let calls = 0;
        rig.bucket.fault = (_, when) => {
          calls += when === moment ? 1 : 0;
          if (when === moment && calls === failing) throw away();
        };
        const operation = newOperation();
        const { status } = await takeDown(rig, operation);
        crashed = calls >= failing;
        rig.bucket.fault = () => {};
        expect(status).toBe(crashed ? 503 : 200);
        expect([undefined, 'demo-2']).toContain(resolvedRelease(recordOf(rig, 'stable')));
        expect(await takeDown(rig, operation)).toMatchObject({ status: 200, body: { fresh: true } });
        expect(resolvedRelease(recordOf(rig, 'stable'))).toBeUndefined();
        for (const channel of ['demo', 'stable'])
          expect(retirementOf(recordOf(rig, channel), 'demo-2')).toMatchObject({ takedown: true });
        if (!crashed) expect(failing).toBeGreaterThan(8);
      }
    },
  );
});
