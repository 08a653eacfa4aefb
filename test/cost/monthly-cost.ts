import { costOf } from './cost-of.ts';
import { prices } from './prices.ts';

/** What is assumed of one lock; docs/cost.md says why. */
const perLock = {
  /** The channel, and the release. */
  apiRequests: 2,
  /** The reader's GET, and the function's HEAD of a release that it has not seen yet. */
  s3Reads: 2,
  /** Of each run. */
  seconds: 0.02,
  gigabytes: 256 / 1024,
  /** Of each request: the access log's line, the function's, and those of Lambda itself. */
  logGigabytes: 2e-6,
} as const;

/** What is paid however many read. */
export const standing = { metrics: 70, alarms: 13, dashboards: 1, releasesKept: 365 } as const;

export interface RequestCost {
  readonly api: number;
  readonly lambda: number;
  readonly s3: number;
  readonly logs: number;
  readonly all: number;
}

const million = 1e6;

/** US dollars a month for the requests of so many locks. */
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

/** US dollars a month for the bytes of so many locks, to readers outside of AWS. */
export const transferCost = (locks: number, gigabytes: number): number => costOf(locks * gigabytes, prices.bytesOut);

export const storageCost = (gigabytes: number): number => costOf(standing.releasesKept * gigabytes, prices.storage);

export const observationCost = (): number =>
  costOf(standing.metrics, prices.metric) +
  costOf(standing.alarms, prices.alarm) +
  costOf(standing.dashboards, prices.dashboard);
