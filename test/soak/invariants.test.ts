import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../lib/domain/record.ts';
import {
  type ChannelRead,
  checkChannelRead,
  checkFindings,
  checkOperations,
  checkReleaseReads,
  type ReleaseRead,
} from './invariants.ts';
import { ChannelLedger, type Run } from './ledger.ts';

/** A run that sent its one operation at `at` and ended 10 ms later. */
const run = (kind: Run['kind'], operation: string, at: number, more: Partial<Run> = {}): Run => ({
  kind,
  channel: 'demo',
  operations: [{ id: operation, sentAt: at }],
  begunAt: at,
  endedAt: at + 10,
  outcome: 'done',
  ...more,
});

const change = (serial: number, action: Change['action'], more: Partial<Change> = {}): Change => ({
  serial,
  action,
  operation: `op-${serial}`,
  at: '2026-01-01T00:00:00Z',
  by: 'admin',
  ...more,
});

/** Added at 1000, demo-1 at 2000, demo-2 at 3000, rolled back at 4000. */
const history: readonly Change[] = [
  change(1, 'add'),
  change(2, 'publish', { release: 'demo-1' }),
  change(3, 'publish', { release: 'demo-2', from: 'demo-1' }),
  change(4, 'rollback', { release: 'demo-1', from: 'demo-2' }),
];
const runs: readonly Run[] = [
  run('add', 'op-1', 1_000),
  run('publish', 'op-2', 2_000, { release: 'demo-1' }),
  run('publish', 'op-3', 3_000, { release: 'demo-2' }),
  run('rollback', 'op-4', 4_000),
];

function replay(changes: readonly Change[], by: readonly Run[] = runs) {
  const ledger = new ChannelLedger('demo');
  ledger.see(changes, 100_000);
  return ledger.replay(by);
}
const wrongWith = (changes: readonly Change[]): readonly string[] => replay(changes).violations;

describe('a history', () => {
  it('in which each change follows from the one before breaks nothing', () => {
    expect(wrongWith(history)).toEqual([]);
    expect(replay(history).states.map(({ latest, madeBy }) => [latest, madeBy])).toEqual([
      [undefined, 1_010],
      ['demo-1', 2_010],
      ['demo-2', 3_010],
      ['demo-1', 4_010],
    ]);
  });

  it.each<[string, readonly Change[], string]>([
    [
      'goes from a release that was not the latest',
      [...history, change(5, 'publish', { release: 'demo-3', from: 'demo-2' })],
      'went from demo-2 although the latest was demo-1',
    ],
    [
      'makes a release twice',
      [...history, change(5, 'publish', { release: 'demo-2', from: 'demo-1' })],
      'made a release again',
    ],
    [
      'rolls back to what never was',
      [...history, change(5, 'rollback', { release: 'demo-9', from: 'demo-1' })],
      'never was there',
    ],
    [
      'leads to a yanked release',
      [...history, change(5, 'yank', { release: 'demo-1', from: 'demo-1', to: 'demo-1' })],
      'led to a yanked release',
    ],
    [
      'goes on after the removal',
      [
        ...history,
        change(5, 'remove', { from: 'demo-1' }),
        change(6, 'publish', { release: 'demo-3', from: 'demo-1' }),
      ],
      'made while the channel was removed',
    ],
    ['has an operation of nobody', [...history, change(5, 'set', { operation: 'stray' })], 'stray, which nobody sent'],
  ])('that %s is told', (_, changes, expected) => {
    expect(wrongWith(changes)).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });

  it('that changes, shrinks or misses a change is told', () => {
    const seen = (...snapshots: (readonly Change[])[]): readonly string[] => {
      const ledger = new ChannelLedger('demo');
      for (const snapshot of snapshots) ledger.see(snapshot, 1);
      return ledger.violations;
    };
    expect(seen(history.slice(0, 2), history, history.slice(1))).toEqual([]);
    expect(seen(history, [...history.slice(0, 3), change(4, 'set')])).toEqual([
      expect.stringContaining('change 4 was'),
    ]);
    expect(seen(history, history.slice(0, 3))).toEqual([expect.stringContaining('went back from change 4 to 3')]);
    expect(seen(history.slice(0, 1), history.slice(2))).toEqual(
      expect.arrayContaining([expect.stringContaining('change 3 came after 1')]),
    );
  });
});

describe('an operation', () => {
  const operations = history.map(({ operation }) => operation);

  it('that was acknowledged is in the history once', () => {
    expect(checkOperations(runs, operations)).toEqual([]);
    expect(checkOperations(runs, operations.slice(1))).toEqual([
      expect.stringContaining('acknowledged, and not in the history: add'),
    ]);
    expect(checkOperations(runs, [...operations, 'op-3'])).toEqual([
      expect.stringContaining('2 times in the history: publish'),
    ]);
  });

  it('that was not acknowledged is there at most once', () => {
    const killed = run('promote', 'op-5', 5_000, { outcome: 'unknown' });
    expect(checkOperations([killed], [])).toEqual([]);
    expect(checkOperations([killed], ['op-5'])).toEqual([]);
    expect(checkOperations([killed], ['op-5', 'op-5'])).toHaveLength(1);
  });

  it('that was refused, or changed nothing, is never there', () => {
    for (const outcome of ['refused', 'nothing'] as const)
      for (const kind of ['yank', 'restore'] as const) {
        expect(checkOperations([run(kind, 'op-5', 5_000, { outcome })], [])).toEqual([]);
        expect(checkOperations([run(kind, 'op-5', 5_000, { outcome })], ['op-5'])).toEqual([
          expect.stringContaining(`${outcome}, and yet in the history: ${kind}`),
        ]);
      }
  });

  it('that a removal can overtake between its two writes may be refused after the first', () => {
    for (const kind of ['add', 'set'] as const) {
      expect(checkOperations([run(kind, 'op-5', 5_000, { outcome: 'refused' })], ['op-5'])).toEqual([]);
      expect(checkOperations([run(kind, 'op-5', 5_000, { outcome: 'refused' })], ['op-5', 'op-5'])).toHaveLength(1);
    }
  });

  it('may finish what an interrupted one of the same kind began', () => {
    const second = run('restore', 'op-6', 6_000);
    const interrupted = run('restore', 'op-5', 5_000, { outcome: 'unknown' });
    expect(checkOperations([interrupted, second], ['op-5'])).toEqual([]);
    expect(checkOperations([second], [])).toHaveLength(1);
    expect(checkOperations([{ ...interrupted, kind: 'remove' }, second], ['op-5'])).toHaveLength(1);
  });
});

describe('a read of a channel', () => {
  const { states } = replay(history);
  const read = (at: number, release: string | undefined, more: Partial<ChannelRead> = {}): ChannelRead => ({
    channel: 'demo',
    server: 'a server',
    jti: 'a',
    begunAt: at,
    endedAt: at + 5,
    knows: at - 100,
    knowsDenials: at - 100,
    status: release === undefined ? 404 : 307,
    release,
    text: '',
    isCalm: true,
    ...more,
  });
  const wrong = (one: ChannelRead, by: readonly Run[] = runs): readonly string[] =>
    checkChannelRead(one, states, by, true);

  it('leads to what the channel pointed to, or points to since', () => {
    for (const good of [
      read(2_500, 'demo-1'),
      read(3_500, 'demo-2'),
      read(2_995, 'demo-2'),
      read(3_050, 'demo-1'),
      read(4_500, 'demo-1'),
      read(500, undefined),
      read(1_500, undefined),
    ])
      expect(wrong(good)).toEqual([]);
  });

  it('never leads to what was replaced before it began, longer ago than the maximum age', () => {
    expect(wrong(read(3_500, 'demo-1'))).toEqual([expect.stringContaining('the channel pointed to demo-2')]);
    expect(wrong(read(3_500, 'demo-1', { knows: 2_500 }))).toEqual([]);
    expect(wrong(read(4_500, 'demo-2'))).toHaveLength(1);
    expect(wrong(read(2_500, undefined))).toEqual([expect.stringContaining('it had a release')]);
  });

  it('never leads to what was not committed', () => {
    expect(wrong(read(2_500, 'demo-2'))).toHaveLength(1);
    expect(wrong(read(4_500, 'demo-9'))).toEqual([expect.stringContaining('no history has this release')]);
  });

  it('is answered 503 only while something is broken, and never with another error', () => {
    expect(wrong(read(2_500, undefined, { status: 503 }))).toEqual([expect.stringContaining('nothing was broken')]);
    expect(wrong(read(2_500, undefined, { status: 503, isCalm: false }))).toEqual([]);
    for (const status of [500, 502, 504, 429])
      expect(wrong(read(2_500, undefined, { status, isCalm: false }))).toHaveLength(1);
  });

  it('is answered 410 from the removal until the restoration', () => {
    const changes = [...history, change(5, 'remove', { from: 'demo-1' }), change(6, 'restore')];
    const by = [...runs, run('remove', 'op-5', 5_000), run('restore', 'op-6', 6_000)];
    const removed = replay(changes, by).states;
    const at = (time: number, status: number) =>
      checkChannelRead(read(time, status === 307 ? 'demo-1' : undefined, { status }), removed, by, true);
    expect([at(4_500, 410), at(5_500, 307), at(6_500, 410)]).toEqual([
      [expect.stringContaining('it was not removed')],
      [expect.stringContaining('nothing (removed)')],
      [expect.stringContaining('it was not removed')],
    ]);
    expect([at(5_050, 307), at(5_500, 410), at(6_050, 410), at(6_500, 307)]).toEqual([[], [], [], []]);
  });

  it('with a revoked token is refused, and with another is not', () => {
    const by = [...runs, run('revoke', 'op-7', 3_000, { channel: '', jti: 'a' })];
    const refused = { status: 401, release: undefined };
    expect(wrong(read(3_500, 'demo-2'), by)).toEqual([expect.stringContaining('whose access had ended at 3010')]);
    expect(wrong(read(3_050, 'demo-2'), by)).toEqual([]);
    // The first try was killed before it sent anything.
    const again = [run('revoke', 'none', 2_900, { channel: '', jti: 'a', operations: [], outcome: 'unknown' }), ...by];
    expect(wrong(read(3_500, 'demo-2'), again)).toHaveLength(1);
    expect(wrong(read(3_500, 'demo-2', refused), again)).toEqual([]);
    expect(wrong(read(3_500, 'demo-2', refused), by)).toEqual([]);
    expect(wrong(read(2_500, 'demo-1', refused), by)).toEqual([expect.stringContaining('which nobody revoked')]);
    expect(wrong(read(3_500, 'demo-2', { jti: 'b', ...refused }), by)).toHaveLength(1);
    expect(checkChannelRead(read(3_500, 'demo-2'), states, by, false)).toEqual([]);
  });

  it('without a token is refused, where the channel is private', () => {
    expect(wrong(read(3_500, 'demo-2', { jti: 'nobody' }))).toHaveLength(1);
    expect(wrong(read(3_500, undefined, { jti: 'nobody', status: 404 }))).toHaveLength(1);
    expect(wrong(read(3_500, undefined, { jti: 'nobody', status: 401 }))).toEqual([]);
    expect(checkChannelRead(read(3_500, 'demo-2', { jti: 'nobody' }), states, runs, false)).toEqual([]);
  });
});

describe('a read of a release that a channel led to', () => {
  const read = (more: Partial<ReleaseRead>): ReleaseRead => ({
    release: 'demo-1',
    jti: 'a',
    begunAt: 3_000,
    endedAt: 3_005,
    knowsDenials: 2_000,
    status: 307,
    sha256: 'one',
    text: '',
    isCalm: true,
    ...more,
  });
  const wrong = (...reads: ReleaseRead[]): readonly string[] =>
    checkReleaseReads(reads, new Map([['demo-1', ['one', 'other']]]), runs, () => true);

  it('always answers', () => {
    expect(wrong(read({}))).toEqual([]);
    expect(wrong(read({ status: 404, isCalm: false }))).toHaveLength(1);
    expect(wrong(read({ status: 503 }))).toHaveLength(1);
    expect(wrong(read({ status: 503, isCalm: false }))).toEqual([]);
  });

  it('needs a token that was not revoked, where no public channel had it', () => {
    const by = [...runs, run('revoke', 'op-7', 1_000, { channel: '', jti: 'a' })];
    const declared = new Map([['demo-1', ['one']]]);
    expect(checkReleaseReads([read({})], declared, by, () => true)).toHaveLength(1);
    expect(checkReleaseReads([read({})], declared, by, () => false)).toEqual([]);
    expect(checkReleaseReads([read({ jti: 'b' })], declared, by, () => true)).toEqual([]);
  });

  it('has the bytes that were published, and never others', () => {
    expect(wrong(read({ sha256: 'third' }))).toEqual([expect.stringContaining('nobody published these bytes')]);
    expect(wrong(read({}), read({}))).toEqual([]);
    expect(wrong(read({}), read({ sha256: 'other' }))).toEqual([expect.stringContaining('it had other bytes before')]);
  });
});

describe('what the doctor finds', () => {
  const found = (kind: string, subject: string) => [{ kind, severity: 'warning', subject }];

  it('is explained by an interrupted command, or is a violation', () => {
    const cases: [string, string, Run['kind']][] = [
      ['record-unlisted', 'demo', 'add'],
      ['record-removed', 'demo', 'remove'],
      ['record-restored', 'demo', 'restore'],
      ['object-unnamed', 'demo-5.tar.xz', 'publish'],
    ];
    for (const [kind, subject, by] of cases) {
      const one = run(by, 'op-5', 5_000, { release: 'demo-5', outcome: 'unknown' });
      expect(checkFindings(found(kind, subject), [one])).toEqual([]);
      expect(checkFindings(found(kind, subject), [{ ...one, outcome: 'done' }])).toHaveLength(1);
      expect(checkFindings(found(kind, 'other'), [one])).toHaveLength(1);
      expect(checkFindings(found('lifecycle-missing', 'rules'), [])).toEqual([]);
      expect(checkFindings(found('latest-missing', subject), [one])).toEqual([
        `the doctor found warning latest-missing of ${subject}`,
      ]);
    }
  });
});
