import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import { canUndo, isPinned, retirementOf } from '../../../lib/domain/retirement.ts';
import { newOperation, type PublishAnswer, type PublishRig, publishRig } from '../../support/publish-rig.ts';
import { serveRig } from '../../support/serve-rig.ts';

const dayMs = 86_400_000;
const channels = ['demo', 'stable', 'third'] as const;
const releases = ['demo-1', 'demo-2', 'demo-3', 'demo-4', 'stable-1', 'stable-2', 'third-1'];

const recordOf = ({ bucket }: PublishRig, channel: string) =>
  parseRecord(bucket.objects.get(`${channel}.json`)?.text ?? '');

type Step = (rig: PublishRig) => Promise<PublishAnswer | undefined>;

const post =
  (path: string, parts: Parameters<PublishRig['call']>[1], body: object): Step =>
  ({ call }) =>
    call(`POST /publish/${path}`, { ...parts, body: { operation: newOperation(), ...body } });

const channel = fc.constantFrom(...channels);
const release = fc.constantFrom(...releases);
const several = fc.subarray(releases, { minLength: 1, maxLength: 3 });
const flag = fc.option(fc.constant(true), { nil: undefined });

/** What the lifecycle rule of the bucket does, once a day: deletes what has the tag. */
function expire({ bucket }: PublishRig): void {
  for (const key of bucket.retired) bucket.objects.delete(key);
  bucket.retired.clear();
}

const steps: fc.Arbitrary<{ readonly name: string; readonly run: Step }> = fc.oneof(
  fc
    .record({ channel, release })
    .map((run) => ({ name: `publish ${JSON.stringify(run)}`, run: (rig: PublishRig) => rig.publish(run) })),
  ...[
    fc.record({ channel, releases: several, shared: flag }).map(({ channel: at, ...body }) => ({
      path: 'retirements/{channel}',
      parts: { channel: at },
      body: { ...body, reason: 'old' } as object,
    })),
    fc.record({ channel, releases: several }).map(({ channel: at, ...body }) => ({
      path: 'retirements/{channel}',
      parts: { channel: at },
      body: body as object,
    })),
    fc.record({ channel, keep: fc.nat(2), shared: flag }).map(({ channel: at, ...body }) => ({
      path: 'retirements/{channel}',
      parts: { channel: at },
      body: { ...body, reason: 'old' } as object,
    })),
    fc
      .record({ channel, release, reason: fc.option(fc.constant('needed'), { nil: undefined }) })
      .map(({ channel: at, ...body }) => ({
        path: 'pins/{channel}',
        parts: { channel: at },
        body: body as object,
      })),
    fc.record({ channel, release }).map(({ channel: at, ...body }) => ({
      path: 'takedowns/{channel}',
      parts: { channel: at },
      body: { ...body, reason: 'law' } as object,
    })),
    fc
      .record({ channel, release, reason: fc.option(fc.constant('broken'), { nil: undefined }) })
      .map(({ channel: at, ...body }) => ({
        path: 'channels/{channel}/yank',
        parts: { channel: at },
        body: body as object,
      })),
    fc.record({ channel, from: release, to: release }).map(({ channel: at, ...body }) => ({
      path: 'channels/{channel}/rollback',
      parts: { channel: at },
      body: body as object,
    })),
    fc
      .record({ from: channel, to: channel, release: fc.option(release, { nil: undefined }) })
      .map(({ from, to, ...body }) => ({
        path: 'promotions/{from}/{to}',
        parts: { pair: { from, to } },
        body: { ...body, force: true } as object,
      })),
  ].map((each) =>
    each.map(({ path, parts, body }) => ({
      name: `${path} ${JSON.stringify({ parts, body })}`,
      run: post(path, parts, body),
    })),
  ),
  fc
    .record({ channel, keep: fc.integer({ min: 1, max: 2 }), days: fc.integer({ min: 1, max: 20 }) })
    .map(({ channel: at, ...retain }) => ({
      name: `policy ${at} ${JSON.stringify(retain)}`,
      run: ({ call }: PublishRig) =>
        call('PATCH /publish/catalog/{channel}', { channel: at, body: { operation: newOperation(), retain } }),
    })),
  channel.map((at) => ({
    name: `remove ${at}`,
    run: ({ call }: PublishRig) =>
      call('DELETE /publish/catalog/{channel}', { channel: at, body: { operation: newOperation() } }),
  })),
  channel.map((at) => ({ name: `restore ${at}`, run: post('catalog/{channel}/restore', { channel: at }, {}) })),
  fc.integer({ min: 1, max: 45 }).map((days) => ({
    name: `wait ${days} days`,
    run: async (rig: PublishRig) => {
      await rig.clock.sleep(days * dayMs);
      return undefined;
    },
  })),
  fc.constant({
    name: 'schedule',
    run: async (rig: PublishRig) => {
      await rig.measure();
      return undefined;
    },
  }),
  fc.constant({
    name: 'expire',
    run: async (rig: PublishRig) => {
      expire(rig);
      return undefined;
    },
  }),
);

async function check(rig: PublishRig): Promise<void> {
  const { bucket, clock } = rig;
  const { get } = serveRig({ bucket, clock });
  for (const name of channels) {
    const record = recordOf(rig, name);
    const latest = resolvedRelease(record);
    if (latest !== undefined) {
      const key = `${latest}.tar.xz`;
      const { status, body } = await get(`/permanent/${key}`);
      if (status !== 307) throw new Error(`latest ${latest} of ${name}: ${status} ${body}`);
      if (bucket.retired.has(key)) throw new Error(`latest ${latest} of ${name} is tagged`);
    }
    for (const one of Object.keys(record.pinned)) {
      if (!isPinned(record, one)) continue;
      const key = `${one}.tar.xz`;
      if (bucket.retired.has(key) || !bucket.objects.has(key))
        throw new Error(`pinned ${one} of ${name} is tagged or gone`);
      const { status, body } = await get(`/permanent/${key}`);
      if (status !== 307) throw new Error(`pinned ${one} of ${name}: ${status} ${body}`);
    }
    for (const one of Object.keys(record.retired)) {
      const mark = retirementOf(record, one);
      const key = `${one}.tar.xz`;
      if (mark !== undefined && canUndo(mark, clock.now()) && (bucket.retired.has(key) || !bucket.objects.has(key)))
        throw new Error(`${one} of ${name} can be undone, and is tagged or gone`);
    }
    const serials = record.history.map(({ serial }) => serial);
    expect(serials).toEqual([...new Set(serials)].sort((a, b) => a - b));
    const operations = record.history.filter(({ by }) => by !== 'schedule').map(({ operation }) => operation);
    if (new Set(operations).size !== operations.length) throw new Error(`an operation twice in ${name}: ${operations}`);
  }
}

describe('any sequence of changes', () => {
  it('leaves what channels point to, what is pinned and what can be undone available', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (run) => {
        const rig = publishRig();
        for (const name of channels) await rig.add(name);
        for (const one of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release: one });
        for (const one of ['demo-1', 'demo-2'])
          await post(
            'promotions/{from}/{to}',
            { pair: { from: 'demo', to: 'stable' } },
            { release: one, force: true },
          )(rig);
        for (const { run: step } of run) {
          const answer = await step(rig);
          if (answer !== undefined && answer.status >= 500) throw new Error(JSON.stringify(answer));
          await check(rig);
        }
      }),
      { numRuns: 60 },
    );
  });
});
