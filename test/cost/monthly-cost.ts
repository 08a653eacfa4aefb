/** A price that applies from an amount up to the next tier's. */
type Tier = readonly [from: number, price: number];

/**
 * US dollars: the list prices of us-east-1 in June 2026, without free tiers; of the plans, in September 2026. docs/cost.md links to
 * their pages.
 */
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
  /** A GB from CloudFront to readers in North America and Europe; a million requests by HTTPS. */
  cloudFrontBytes: [
    [0, 0.085],
    [10_240, 0.08],
    [51_200, 0.06],
    [153_600, 0.04],
    [512_000, 0.03],
    [1_048_576, 0.025],
    [5_242_880, 0.02],
  ],
  cloudFrontRequests: [[0, 1.0]],
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
  webAcl: [[0, 5]],
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
export const standing = {
  metrics: 74,
  alarms: 14,
  dashboards: 1,
  releasesKept: 365,
  /** The metrics that CloudFront adds for a distribution, and the alarms, with `delivery=cloudfront`. */
  deliveryMetrics: 8,
  deliveryAlarms: 2,
} as const;

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

/** US dollars per month for this many refreshes of a channel that has not changed: one request each, and none to S3. */
export function refreshCost(refreshes: number): number {
  const { api, lambda, logs } = requestCost(refreshes / perLock.apiRequests);
  return api + lambda + logs;
}

/** Assumed: caches of CloudFront between its locations and the origin, each of which asks the origin again. */
const regionalCaches = 15;
const cachedSeconds = 30;
const secondsPerMonth = 30 * 86_400;

/** The same if CloudFront kept each channel's answer for 30 seconds: its requests, and at most those that its caches ask again. */
export const edgeRefreshCost = (refreshes: number, channels: number): number =>
  costOf(refreshes / million, prices.cloudFrontRequests) +
  refreshCost(Math.min(refreshes, (channels * regionalCaches * secondsPerMonth) / cachedSeconds));

/** US dollars per month for transfer to this many locks outside AWS. */
export const transferCost = (locks: number, gigabytes: number): number => costOf(locks * gigabytes, prices.bytesOut);

export const storageCost = (gigabytes: number): number => costOf(standing.releasesKept * gigabytes, prices.storage);

export const observationCost = (): number =>
  costOf(standing.metrics, prices.metric) +
  costOf(standing.alarms, prices.alarm) +
  costOf(standing.dashboards, prices.dashboard);

/** The flat-rate plans of CloudFront: millions of requests and GB that each allows in a month. */
export const plans = [
  { name: 'Free', price: 0, requests: 1, gigabytes: 100 },
  { name: 'Pro', price: 15, requests: 10, gigabytes: 50_000 },
  { name: 'Business', price: 200, requests: 125, gigabytes: 50_000 },
  { name: 'Premium', price: 1_000, requests: 500, gigabytes: 50_000 },
  { name: 'Premium', price: 1_450, requests: 750, gigabytes: 75_000 },
  { name: 'Premium', price: 2_250, requests: 1_250, gigabytes: 125_000 },
  { name: 'Premium', price: 3_500, requests: 2_000, gigabytes: 200_000 },
  { name: 'Premium', price: 6_000, requests: 3_500, gigabytes: 350_000 },
  { name: 'Premium', price: 10_000, requests: 6_000, gigabytes: 600_000 },
] as const;

type Plan = (typeof plans)[number];

/** The cheapest plan that allows one request to CloudFront and the bytes for each lock; undefined: none does. */
export const planFor = (locks: number, gigabytes: number): Plan | undefined =>
  plans.find((plan) => locks / million <= plan.requests && locks * gigabytes <= plan.gigabytes);

/** US dollars per month for the same by use. What S3 sends to CloudFront is free, and its few requests are left out. */
export const cloudFrontCost = (locks: number, gigabytes: number): number =>
  costOf(locks * gigabytes, prices.cloudFrontBytes) + costOf(locks / million, prices.cloudFrontRequests);

/** What the reader's GET costs at S3, which CloudFront sends only where a release is not in its caches. */
export const bucketCost = (locks: number, gigabytes: number): number =>
  transferCost(locks, gigabytes) + costOf(locks / million, prices.s3Reads);

export const deliveryCost = (): number =>
  costOf(standing.deliveryMetrics, prices.metric) +
  costOf(standing.deliveryAlarms, prices.alarm) +
  costOf(1, prices.secret);

export const webAclCost = (): number => costOf(1, prices.webAcl);

export const secretCost = (): number => costOf(1, prices.secret);
