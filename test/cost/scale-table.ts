import { type Limits, simulateStorm } from './cold-start-storm.ts';
import { bytes, dollars, planText, table } from './cost-table.ts';
import { bucketCost, cloudFrontCost, edgeRefreshCost, refreshCost, requestCost } from './monthly-cost.ts';

/** The defaults of an account, and what others have. */
const usual: Limits = { gatewayRate: 10_000, gatewayBurst: 5_000, concurrency: 1_000 };
const young: Limits = { ...usual, concurrency: 10 };
const raised: Limits = { gatewayRate: 50_000, gatewayBurst: 25_000, concurrency: 10_000 };

interface Row {
  readonly machines: number;
  readonly spreadSeconds: number;
  readonly limits: Limits;
  /** Where it is not the default of an account. */
  readonly named?: string;
}

const rows: readonly Row[] = [
  { machines: 100, spreadSeconds: 1, limits: young, named: 'a new account, 10 instances' },
  { machines: 1_000, spreadSeconds: 1, limits: usual },
  {
    machines: 1_000,
    spreadSeconds: 1,
    limits: { ...usual, concurrency: 100 },
    named: '`serveReservedConcurrency` 100',
  },
  { machines: 10_000, spreadSeconds: 1, limits: usual },
  { machines: 10_000, spreadSeconds: 60, limits: usual },
  { machines: 100_000, spreadSeconds: 1, limits: usual },
  { machines: 100_000, spreadSeconds: 1, limits: raised, named: '10,000 instances, 50,000 a second' },
  { machines: 100_000, spreadSeconds: 60, limits: usual },
  { machines: 100_000, spreadSeconds: 900, limits: usual },
  { machines: 1_000_000, spreadSeconds: 900, limits: usual },
];

const spread = (seconds: number): string => (seconds < 60 ? `${seconds} s` : `${seconds / 60} min`);
const whole = (count: number): string => count.toLocaleString('en-US');
const duration = (seconds: number): string =>
  seconds < 10 ? `${seconds.toFixed(1)} s` : `${whole(Math.round(seconds))} s`;

/** The table of docs/scale.md. In each row there is a new release, so each machine sends two requests. */
export const stormTable = (): string =>
  table(
    ['machines', 'within', 'limits', 'instances', 'answers 503', 'answers 429', 'machines that fail', 'median', '99 %'],
    rows.map(({ machines, spreadSeconds, limits, named = 'default' }) => {
      const outcome = simulateStorm({ machines, spreadSeconds, requests: 2, limits });
      const { coldStarts, throttled503, refused429, failed, medianSeconds, p99Seconds } = outcome;
      return [
        whole(machines),
        spread(spreadSeconds),
        named,
        ...[coldStarts, throttled503, refused429, failed].map(whole),
        ...[medianSeconds, p99Seconds].map(duration),
      ];
    }),
  );

/** A fleet that follows one channel: a release of 50 MB a day, which each machine downloads. */
const releasesPerMonth = 30;
const releaseGigabytes = 0.05;
const windowSeconds = 900;

/** Gigabits a second while each machine downloads one release within the window. */
const peakGigabits = (machines: number): number => (machines * releaseGigabytes * 8) / windowSeconds;

/** The other table of docs/scale.md: what a growing fleet asks for in a month, and what it costs. */
export const growthTable = (): string =>
  table(
    [
      'machines',
      'locks a month',
      'requests',
      'bytes',
      'from S3',
      'from CloudFront by use',
      'with a plan',
      'all within 15 min',
    ],
    [1_000, 10_000, 100_000, 1_000_000].map((machines) => {
      const locks = machines * releasesPerMonth;
      const gigabits = peakGigabits(machines);
      return [
        whole(machines),
        whole(locks),
        dollars(requestCost(locks).all),
        bytes(locks * releaseGigabytes),
        dollars(bucketCost(locks, releaseGigabytes)),
        dollars(cloudFrontCost(locks, releaseGigabytes)),
        planText(locks, releaseGigabytes),
        `${gigabits < 10 ? gigabits.toFixed(1) : whole(Math.round(gigabits))} Gbit/s`,
      ];
    }),
  );

/** Whether answers for channels belong into caches of CloudFront, in docs/scale.md. */
export const edgeTable = (): string =>
  table(
    ['refreshes a month', 'API, Lambda and logs', 'with CloudFront, 1 channel', 'with CloudFront, 50 channels'],
    [1e6, 1e7, 1e8, 1e9].map((refreshes) => [
      `${whole(refreshes / 1e6)} million`,
      ...[refreshCost(refreshes), edgeRefreshCost(refreshes, 1), edgeRefreshCost(refreshes, 50)].map(dollars),
    ]),
  );
