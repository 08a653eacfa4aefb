import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import { canUndo, releasesOf, retirementOf } from '../../../lib/domain/retirement.ts';
import { type CallParts, newOperation, type PublishRig, publisher, publishRig } from '../../support/publish-rig.ts';
import { serveRig } from '../../support/serve-rig.ts';

const dayMs = 86_400_000;
const channels = ['demo', 'stable'] as const;

const recordOf = ({ bucket }: PublishRig, channel: string) =>
  parseRecord(bucket.objects.get(`${channel}.json`)?.text ?? '');

/** One of the releases that a channel has. */
const pick = (rig: PublishRig, channel: string, index: number): string => {
  const all = releasesOf(recordOf(rig, channel));
  return all[index % Math.max(1, all.length)] ?? 'none-1';
};

interface Step {
  readonly name: string;
  readonly run: (rig: PublishRig) => Promise<unknown>;
}

type Body = (rig: PublishRig) => object;

const post = (path: string, parts: CallParts, body: Body): Step => ({
  name: `${path} ${JSON.stringify(parts)} ${body}`,
  run: (rig) => rig.call(`POST /publish/${path}`, { ...parts, body: { operation: newOperation(), ...body(rig) } }),
});

const channel = fc.constantFrom(...channels);
const index = fc.nat(3);
const flag = fc.option(fc.constant(true), { nil: undefined });
const reason = fc.option(fc.constant('because'), { nil: undefined });
const one = fc.record({ channel, index, shared: flag, reason });

/** What the lifecycle rule of the bucket does, once a day: deletes what has the tag. */
async function expire({ bucket }: PublishRig): Promise<void> {
  for (const key of bucket.retired) bucket.objects.delete(key);
  bucket.retired.clear();
}

let published = 0;

const step: fc.Arbitrary<Step> = fc.oneof(
  channel.map((at) => ({
    name: `publish to ${at}`,
    run: (rig: PublishRig) => {
      published += 1;
      return rig.publish({ channel: at, release: `${at}-${published}` });
    },
  })),
  one.map(({ channel: at, index: nth, shared }) =>
    post('retirements/{channel}', { channel: at }, (rig) => ({
      releases: [pick(rig, at, nth)],
      reason: 'old',
      shared,
    })),
  ),
  one.map(({ channel: at, index: nth }) =>
    post('retirements/{channel}', { channel: at }, (rig) => {
      const retired = Object.keys(recordOf(rig, at).retired);
      return { releases: [retired[nth % Math.max(1, retired.length)] ?? 'none-1'] };
    }),
  ),
  one.map(({ channel: at, index: nth, reason: why }) =>
    post('pins/{channel}', { channel: at }, (rig) => ({ release: pick(rig, at, nth), reason: why })),
  ),
  one.map(({ channel: at, index: nth }) =>
    post('takedowns/{channel}', { channel: at }, (rig) => ({ release: pick(rig, at, nth), reason: 'law' })),
  ),
  one.map(({ channel: at, index: nth, reason: why }) =>
    post('channels/{channel}/yank', { channel: at }, (rig) => ({ release: pick(rig, at, nth), reason: why })),
  ),
  one.map(({ channel: at, index: nth }) =>
    post('channels/{channel}/rollback', { channel: at }, (rig) => ({
      from: recordOf(rig, at).latest ?? 'none-1',
      to: pick(rig, at, nth),
    })),
  ),
  fc
    .record({ from: channel, to: channel, index })
    .map(({ index: nth, ...pair }) =>
      post('promotions/{from}/{to}', { pair }, (rig) => ({ release: pick(rig, pair.from, nth), force: true })),
    ),
  channel.map((at) => ({
    name: `policy of ${at}`,
    run: ({ call }: PublishRig) =>
      call('PATCH /publish/catalog/{channel}', {
        channel: at,
        body: { operation: newOperation(), retain: { keep: 1, days: 1 } },
      }),
  })),
  channel.map((at) => ({
    name: `remove ${at}`,
    run: ({ call }: PublishRig) =>
      call('DELETE /publish/catalog/{channel}', { channel: at, body: { operation: newOperation() } }),
  })),
  {
    weight: 4,
    arbitrary: channel.map((at) => post('catalog/{channel}/restore', { channel: at }, () => ({}))),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 29, 31).map((days) => ({
      name: `wait ${days} days`,
      run: (rig: PublishRig) => rig.clock.sleep(days * dayMs),
    })),
  },
  { weight: 3, arbitrary: fc.constant({ name: 'schedule', run: (rig: PublishRig) => rig.measure() }) },
  fc.constant({ name: 'expire', run: expire }),
);

/** What does not hold now, as sentences. */
async function violations(rig: PublishRig): Promise<string[]> {
  const { bucket, clock } = rig;
  const { get } = serveRig({ bucket, clock });
  const found: string[] = [];
  const isKept = (key: string): boolean => bucket.objects.has(key) && !bucket.retired.has(key);
  for (const name of channels) {
    const record = recordOf(rig, name);
    const latest = resolvedRelease(record);
    for (const release of [...(latest === undefined ? [] : [latest]), ...Object.keys(record.pinned)]) {
      const key = `${release}.tar.xz`;
      const { status } = await get(`/permanent/${key}`);
      if (status !== 307 || !isKept(key)) found.push(`${name} needs ${release}: ${status}`);
    }
    for (const release of Object.keys(record.retired)) {
      if (Object.hasOwn(record.pinned, release)) found.push(`${name} retired ${release}, which is pinned`);
      const mark = retirementOf(record, release);
      if (mark !== undefined && canUndo(mark, clock.now()) && !isKept(`${release}.tar.xz`))
        found.push(`${name} may still take ${release} back`);
    }
    const serials = record.history.map(({ serial }) => serial);
    const operations = record.history.filter(({ by }) => by === publisher).map(({ operation }) => operation);
    for (const ids of [serials, operations])
      if (new Set<unknown>(ids).size < ids.length) found.push(`${name} has an ID twice: ${ids}`);
  }
  return found;
}

describe('any sequence of changes', () => {
  it('leaves what channels point to, what is pinned and what can be undone available', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const rig = publishRig();
        for (const name of channels) await rig.add(name);
        for (const release of ['demo-a', 'demo-b', 'demo-c']) await rig.publish({ release });
        for (const release of ['demo-a', 'demo-b'])
          await post('promotions/{from}/{to}', { pair: { from: 'demo', to: 'stable' } }, () => ({
            release,
            force: true,
          })).run(rig);
        for (const { run } of steps) {
          const answer = await run(rig);
          expect((answer as { status?: number } | undefined)?.status ?? 0).toBeLessThan(500);
          expect(await violations(rig)).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
