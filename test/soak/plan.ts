import type { Run } from './ledger.ts';

/** What is known of a channel when the next command is chosen; others may have changed it since. */
export interface ChannelView {
  readonly channel: string;
  readonly isAdded: boolean;
  readonly isRemoved: boolean;
  readonly latest: string | undefined;
  readonly releases: readonly string[];
  readonly yanked: readonly string[];
}

/** A run of the command. */
export interface Plan {
  readonly kind: Run['kind'];
  readonly channel: string;
  readonly release?: string;
  readonly jti?: string;
  /** Without the path of a publication's file. */
  readonly args: readonly string[];
  /** Of a publication: which of the two files with this name. */
  readonly variant?: 0 | 1;
}

/** A small random generator that is the same everywhere for a seed (Mulberry32, by Tommy Ettinger, public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const pick = <Item>(random: () => number, items: readonly Item[]): Item | undefined =>
  items[Math.floor(random() * items.length)];

const maxAges = ['1h', '2h', '3d', 'none'] as const;

export interface PlanContext {
  readonly random: () => number;
  readonly views: readonly ChannelView[];
  /** The others are never made public. */
  readonly openChannels: readonly string[];
  readonly nextNumber: () => number;
  /** Names that somebody publishes or published, to publish other bytes under. */
  readonly recentReleases: readonly { readonly channel: string; readonly release: string }[];
  readonly nextJti: () => string | undefined;
}

type Chooser = (context: PlanContext, view: ChannelView) => Plan | undefined;

/** Each kind of command with its share. One that makes no sense at the moment is left out, and another is drawn. */
const choosers: readonly (readonly [number, Chooser])[] = [
  [
    30,
    ({ random, nextNumber }, { channel }) => {
      const release = `${channel}-${nextNumber()}`;
      const force = random() < 0.5 ? ['--force'] : [];
      return { kind: 'publish', channel, release, variant: 0, args: ['publish', channel, ...force] };
    },
  ],
  [
    8,
    ({ random, recentReleases }) => {
      const taken = pick(random, recentReleases.slice(-6));
      return (
        taken && {
          kind: 'publish',
          ...taken,
          variant: random() < 0.7 ? 1 : 0,
          args: ['publish', taken.channel, '--force'],
        }
      );
    },
  ],
  [
    10,
    ({ random, views }, { channel, releases }) => {
      const to = pick(random, views)?.channel;
      const release = random() < 0.5 ? pick(random, releases) : undefined;
      if (to === undefined || to === channel || releases.length === 0) return undefined;
      const named = release === undefined ? [] : ['--release', release];
      return { kind: 'promote', channel: to, args: ['promote', channel, to, '--force', ...named] };
    },
  ],
  [
    10,
    ({ random }, { channel, releases }) => {
      const to = random() < 0.6 ? pick(random, releases) : undefined;
      return { kind: 'rollback', channel, args: ['rollback', channel, ...(to === undefined ? [] : ['--to', to])] };
    },
  ],
  [
    6,
    ({ random }, { channel, latest, releases }) => {
      const release = random() < 0.5 ? latest : pick(random, releases);
      return release === undefined
        ? undefined
        : { kind: 'yank', channel, release, args: ['yank', channel, release, '--reason', 'by the soak'] };
    },
  ],
  [
    5,
    ({ random }, { channel, yanked }) => {
      const release = pick(random, yanked);
      return release === undefined
        ? undefined
        : { kind: 'unyank', channel, release, args: ['yank', channel, release, '--undo'] };
    },
  ],
  [
    5,
    ({ random }, { channel }) => ({
      kind: 'set',
      channel,
      args: ['set', channel, '--max-age', pick(random, maxAges) ?? 'none'],
    }),
  ],
  [
    4,
    ({ random, openChannels }) => {
      const channel = pick(random, openChannels);
      const visibility = random() < 0.5 ? 'public' : 'private';
      return channel === undefined
        ? undefined
        : { kind: 'set', channel, args: ['set', channel, '--visibility', visibility] };
    },
  ],
  [
    2,
    (_, { channel, isRemoved }) =>
      isRemoved ? undefined : { kind: 'remove', channel, args: ['remove', channel, '--yes'] },
  ],
  [
    12,
    (_, { channel, isRemoved }) => (isRemoved ? { kind: 'restore', channel, args: ['restore', channel] } : undefined),
  ],
  [2, (_, { channel }) => ({ kind: 'add', channel, args: ['add', channel] })],
  [
    2,
    ({ nextJti }) => {
      const jti = nextJti();
      return jti === undefined
        ? undefined
        : {
            kind: 'revoke',
            channel: '',
            jti,
            args: ['token', 'revoke', '--jti', jti, '--until', '1d', '--reason', 'soak'],
          };
    },
  ],
];

const total = choosers.reduce((sum, [weight]) => sum + weight, 0);

/** What a client does next. */
export function nextPlan(context: PlanContext): Plan {
  const { random, views } = context;
  for (;;) {
    const view = pick(random, views) as ChannelView;
    if (!view.isAdded && random() < 0.7) return { kind: 'add', channel: view.channel, args: ['add', view.channel] };
    let draw = random() * total;
    const [, choose] = choosers.find(([weight]) => {
      draw -= weight;
      return draw < 0;
    }) as (typeof choosers)[number];
    const plan = choose(context, view);
    if (plan !== undefined) return plan;
  }
}
