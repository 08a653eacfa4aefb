/** A price that applies from an amount up to the next tier's. */
type Tier = readonly [from: number, price: number];

/** US dollars: the list prices of us-east-1 in June 2026, without free tiers. docs/cost.md links to their pages. */
const prices = {
  /** A million requests of HTTP APIs, each of at most 512 KB. */
  apiRequests: [
    [0, 1.0],
    [300, 0.9],
  ],
  /** A million runs, and a GB-second on arm64 below 7.5 billion. */
  lambdaRequests: [[0, 0.2]],
  lambdaGigabyteSeconds: [[0, 0.000_013_333_4]],
  /** A million. */
  s3Reads: [[0, 0.4]],
  /** A GB to the internet. Above 500 TB, prices are negotiated. */
  bytesOut: [
    [0, 0.09],
    [10_240, 0.085],
    [51_200, 0.07],
    [153_600, 0.05],
  ],
  /** A GB in S3 Standard, per month. */
  storage: [
    [0, 0.023],
    [51_200, 0.022],
    [512_000, 0.021],
  ],
  /** A GB written to CloudWatch Logs: the access log, and the functions' logs. */
  logs: [[0, 0.5]],
  metric: [[0, 0.3]],
  alarm: [[0, 0.1]],
  dashboard: [[0, 3]],
  secret: [[0, 0.4]],
} as const satisfies Readonly<Record<string, readonly Tier[]>>;

/** What an amount costs if each part of it has the price of its own tier. */
export const costOf = (amount: number, tiers: readonly Tier[]): number =>
  tiers.reduce((sum, [from, price], index) => {
    const upTo = tiers[index + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    return sum + Math.max(0, Math.min(amount, upTo) - from) * price;
  }, 0);

/** The assumptions about one lock; docs/cost.md explains them. */
const perLock = {
  /** For the channel and for the release. */
  apiRequests: 2,
  /** The reader's GET, and the function's HEAD of a release that it has not cached. */
  s3Reads: 2,
  /** Per run. */
  seconds: 0.02,
  gigabytes: 256 / 1024,
  /** Per request: the lines of the access log, of the function and of Lambda. */
  logGigabytes: 2e-6,
} as const;

/** What is paid for independently of requests. */
export const standing = { metrics: 70, alarms: 13, dashboards: 1, releasesKept: 365 } as const;

interface RequestCost {
  readonly api: number;
  readonly lambda: number;
  readonly s3: number;
  readonly logs: number;
  readonly all: number;
}

const million = 1e6;

/** US dollars per month for the requests of this many locks. */
export function requestCost(locks: number): RequestCost {
  const requests = locks * perLock.apiRequests;
  const api = costOf(requests / million, prices.apiRequests);
  const lambda =
    costOf(requests / million, prices.lambdaRequests) +
    costOf(requests * perLock.seconds * perLock.gigabytes, prices.lambdaGigabyteSeconds);
  const s3 = costOf((locks * perLock.s3Reads) / million, prices.s3Reads);
  const logs = costOf(requests * perLock.logGigabytes, prices.logs);
  return { api, lambda, s3, logs, all: api + lambda + s3 + logs };
}

/** US dollars per month for transfer to this many locks outside AWS. */
export const transferCost = (locks: number, gigabytes: number): number => costOf(locks * gigabytes, prices.bytesOut);

export const storageCost = (gigabytes: number): number => costOf(standing.releasesKept * gigabytes, prices.storage);

export const observationCost = (): number =>
  costOf(standing.metrics, prices.metric) +
  costOf(standing.alarms, prices.alarm) +
  costOf(standing.dashboards, prices.dashboard);

export const secretCost = (): number => costOf(1, prices.secret);
