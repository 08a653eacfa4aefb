import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import { newOperation, type PublishAnswer, type PublishRig, publishRig } from '../../support/publish-rig.ts';

interface Command {
  readonly name: string;
  readonly prepare: (rig: PublishRig) => Promise<unknown>;
  readonly run: (rig: PublishRig, operation: string) => Promise<PublishAnswer>;
  /** What a reader may find: before, and after. */
  readonly states: readonly [unknown, unknown];
  /** To the bucket, at the least; 4 unless said otherwise. */
  readonly calls?: number;
}

const latestOf = ({ bucket }: PublishRig): unknown => bucket.json('demo.json')?.latest;
const hasChannel = ({ bucket }: PublishRig): boolean => {
  const { channels } = (bucket.json('channels.json') ?? { channels: [] }) as { channels: string[] };
  // A channel that is listed has a record: anything else would be a third state.
  if (channels.includes('new') && !bucket.objects.has('new.json')) throw new Error('a channel without a record');
  return channels.includes('new');
};

const commands: readonly (Command & { readonly state: (rig: PublishRig) => unknown })[] = [
  {
    name: 'adding a channel',
    prepare: ({ add }) => add('demo'),
    run: ({ add }, operation) => add('new', { operation }),
    state: hasChannel,
    states: [false, true],
  },
  {
    name: 'the first release',
    prepare: ({ add }) => add('demo'),
    run: ({ publish }, operation) => publish({ release: 'demo-1', operation }),
    state: latestOf,
    states: [null, 'demo-1'],
  },
  {
    name: 'a further release',
    prepare: async ({ add, publish }) => {
      await add('demo');
      await publish({ release: 'demo-0' });
    },
    run: ({ publish }, operation) => publish({ release: 'demo-1', operation }),
    state: latestOf,
    states: ['demo-0', 'demo-1'],
  },
  {
    name: 'a release whose bytes are there',
    prepare: async ({ add, bucket, publish }) => {
      await add('demo');
      const record = bucket.json('demo.json');
      await publish({ release: 'demo-1' });
      bucket.putJson('demo.json', record);
    },
    run: ({ publish }, operation) => publish({ release: 'demo-1', operation }),
    state: latestOf,
    states: [null, 'demo-1'],
  },
];

const twoReleases = async ({ add, publish }: PublishRig): Promise<void> => {
  await add('demo');
  await publish({ release: 'demo-0' });
  await publish({ release: 'demo-2' });
};

/** Operations that a new run finds done, and says so, rather than does again. */
const moves: typeof commands = [
  {
    name: 'a rollback',
    prepare: twoReleases,
    run: ({ call }, operation) =>
      call('POST /publish/channels/{channel}/rollback', {
        channel: 'demo',
        body: { operation, from: 'demo-2', to: 'demo-0' },
      }),
    state: latestOf,
    states: ['demo-2', 'demo-0'],
  },
  {
    name: 'a yank',
    prepare: twoReleases,
    run: ({ call }, operation) =>
      call('POST /publish/channels/{channel}/yank', {
        channel: 'demo',
        body: { operation, release: 'demo-2', reason: 'broken' },
      }),
    state: latestOf,
    states: ['demo-2', 'demo-0'],
  },
  {
    name: 'a promotion',
    prepare: async (rig) => {
      await twoReleases(rig);
      await rig.add('other');
    },
    run: ({ call }, operation) =>
      call('POST /publish/promotions/{from}/{to}', { pair: { from: 'demo', to: 'other' }, body: { operation } }),
    state: ({ bucket }) => bucket.json('other.json')?.latest,
    states: [null, 'demo-2'],
  },
  {
    name: 'a removal',
    prepare: twoReleases,
    run: ({ call }, operation) => call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation } }),
    // Between its two writes the record is marked and the catalog has the channel: to readers it is removed.
    state: ({ bucket }) => bucket.json('demo.json')?.removed !== undefined,
    states: [false, true],
  },
  {
    name: 'a restoration',
    prepare: async (rig) => {
      await twoReleases(rig);
      await rig.call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation: newOperation() } });
    },
    run: ({ call }, operation) =>
      call('POST /publish/catalog/{channel}/restore', { channel: 'demo', body: { operation } }),
    // Between its two writes the record is restored and the catalog has the name among the removed: to readers it is removed.
    state: ({ bucket }) => (bucket.json('channels.json').removed as string[]).includes('demo'),
    states: [true, false],
  },
  {
    name: 'making a channel public',
    prepare: ({ add }) => add('demo'),
    run: ({ call }, operation) =>
      call('PATCH /publish/catalog/{channel}', { channel: 'demo', body: { operation, visibility: 'public' } }),
    state: ({ bucket }) => (bucket.json('channels.json').public as string[]).includes('demo'),
    states: [false, true],
  },
  {
    name: 'making a channel private, with a maximum age',
    prepare: ({ add }) => add('demo', { visibility: 'public' }),
    run: ({ call }, operation) =>
      call('PATCH /publish/catalog/{channel}', {
        channel: 'demo',
        body: { operation, visibility: 'private', maxAge: 3_600 },
      }),
    // The age comes first: a channel that is overdue is no secret.
    state: ({ bucket }) => (bucket.json('channels.json').public as string[]).includes('demo'),
    states: [true, false],
  },
  {
    name: 'a revocation',
    prepare: async () => {},
    run: ({ call }, operation) =>
      call('POST /publish/revocations', { body: { operation, jti: 'a', until: 1_900_000_000 } }),
    state: ({ bucket }) => bucket.objects.has('revoked.json'),
    states: [false, true],
    calls: 2,
  },
  {
    name: 'taking a revocation back',
    prepare: ({ call }) =>
      call('POST /publish/revocations', { body: { operation: newOperation(), jti: 'a', until: 1_900_000_000 } }),
    run: ({ call }, operation) => call('POST /publish/revocations', { body: { operation, jti: 'a', undo: true } }),
    state: ({ bucket }) => (bucket.json('revoked.json').revoked as unknown[]).length,
    states: [1, 0],
    calls: 2,
  },
];

const moments = ['before', 'after'] as const;

/** Stops the function at one of its calls to the bucket, counted from 1; tells which one that was, if it came so far. */
function crashAt({ bucket }: PublishRig, moment: (typeof moments)[number], failing: number): () => string | undefined {
  let calls = 0;
  let crash: string | undefined;
  bucket.fault = (call, when) => {
    if (when !== moment) return;
    calls += 1;
    if (calls !== failing) return;
    crash = call;
    throw away();
  };
  return () => crash;
}

/** The facts of the releases are a copy: the operation is done when they are written. */
const statusAfter = (crash: string | undefined): number => (crash === undefined || / facts\//.test(crash) ? 200 : 503);

describe.each(commands)('a crash during $name', ({ prepare, run, state, states }) => {
  it.each(moments.flatMap((moment) => [[moment, 'the same run'] as const, [moment, 'a new run'] as const]))(
    '%s any call took effect leaves the old state or the new one, and %s goes through',
    async (moment, repeat) => {
      for (let failing = 1, crashed: string | undefined = 'none yet'; crashed !== undefined; failing += 1) {
        const rig = publishRig();
        await prepare(rig);
        expect(state(rig)).toBe(states[0]);
        const hasCrashed = crashAt(rig, moment, failing);
        const operation = newOperation();
        const answer = await run(rig, operation);
        crashed = hasCrashed();
        expect(answer.status).toBe(statusAfter(crashed));
        expect(states).toContain(state(rig));

        rig.bucket.fault = () => {};
        const again = await run(rig, repeat === 'the same run' ? operation : newOperation());
        expect(again.status).toBe(200);
        if (repeat === 'the same run') expect(again.body.fresh).toBe(true);
        expect(state(rig)).toBe(states[1]);
        const { history = [], previous = [] } = rig.bucket.json('demo.json') as {
          history?: object[];
          previous?: string[];
        };
        expect(history.filter((change) => 'release' in change && change.release === 'demo-1').length).toBeLessThan(2);
        expect(previous).not.toContain('demo-1');
        if (crashed === undefined) expect(failing).toBeGreaterThan(4);
      }
    },
  );
});

describe.each(moves)('a crash during $name', ({ prepare, run, state, states, calls = 4 }) => {
  it.each(moments)(
    '%s any call took effect leaves the old state or the new one, and the same run goes through',
    async (moment) => {
      for (let failing = 1, crashed: string | undefined = 'none yet'; crashed !== undefined; failing += 1) {
        const rig = publishRig();
        await prepare(rig);
        expect(state(rig)).toBe(states[0]);
        const hasCrashed = crashAt(rig, moment, failing);
        const operation = newOperation();
        const { status } = await run(rig, operation);
        crashed = hasCrashed();
        expect(status).toBe(statusAfter(crashed));
        expect(states).toContain(state(rig));
        rig.bucket.fault = () => {};
        for (let repeats = 0; repeats < 2; repeats += 1)
          expect(await run(rig, operation)).toMatchObject({ status: 200, body: { fresh: true } });
        expect(state(rig)).toBe(states[1]);
        if (crashed === undefined) expect(failing).toBeGreaterThan(calls);
      }
    },
  );
});
