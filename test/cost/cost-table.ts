import {
  bucketCost,
  cloudFrontCost,
  deliveryCost,
  observationCost,
  planFor,
  requestCost,
  secretCost,
  standing,
  storageCost,
  transferCost,
  webAclCost,
} from './monthly-cost.ts';

const volumes = [
  [1e4, '10 thousand'],
  [1e6, '1 million'],
  [1e8, '100 million'],
] as const;

/** Gigabytes. */
const sizes = [
  [0.05, '50 MB'],
  [5, '5 GB'],
] as const;

/** At most three significant digits: the assumptions are not more precise. */
export function dollars(amount: number): string {
  if (amount < 10) return `$${amount.toFixed(2)}`;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(amount)) - 2);
  return `$${(Math.round(amount / unit) * unit).toLocaleString('en-US')}`;
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');

/** The tables of docs/cost.md. */
export const requestTable = (): string =>
  table(
    ['locks per month', 'API Gateway', 'Lambda', 'S3 requests', 'logs', 'total requests'],
    volumes.map(([locks, name]) => {
      const { api, lambda, s3, logs, all } = requestCost(locks);
      return [name, ...[api, lambda, s3, logs, all].map(dollars)];
    }),
  );

export const transferTable = (): string =>
  table(
    ['locks per month', ...sizes.map(([, name]) => `bytes out, ${name} each`)],
    volumes.map(([locks, name]) => [name, ...sizes.map(([gigabytes]) => dollars(transferCost(locks, gigabytes)))]),
  );

export const bytes = (gigabytes: number): string =>
  gigabytes < 1_000 ? `${gigabytes} GB` : `${(gigabytes / 1_000).toLocaleString('en-US')} TB`;

export function planText(locks: number, gigabytes: number): string {
  const plan = planFor(locks, gigabytes);
  return plan === undefined ? 'negotiated' : `${plan.name}, ${dollars(plan.price).replace(/\.00$/, '')}`;
}

/** Downloads from the bucket and from CloudFront, their requests included. */
export const deliveryTable = (): string =>
  table(
    ['locks per month', 'of', 'bytes', 'S3', 'CloudFront by use', 'CloudFront with a plan'],
    volumes.flatMap(([locks, name]) =>
      sizes.map(([gigabytes, size]) => [
        name,
        size,
        bytes(locks * gigabytes),
        dollars(bucketCost(locks, gigabytes)),
        dollars(cloudFrontCost(locks, gigabytes)),
        planText(locks, gigabytes),
      ]),
    ),
  );

/** The table of the README: both in one. */
export const summaryTable = (): string =>
  table(
    ['locks per month', 'requests', ...sizes.map(([, name]) => `bytes out, ${name} each`)],
    volumes.map(([locks, name]) => [
      name,
      dollars(requestCost(locks).all),
      ...sizes.map(([gigabytes]) => dollars(transferCost(locks, gigabytes))),
    ]),
  );

export const fixedTable = (): string =>
  table(
    ['per month, independent of requests', ''],
    [
      ...sizes.map(([gigabytes, name]) => [
        `${standing.releasesKept} releases of ${name} in S3 Standard`,
        dollars(storageCost(gigabytes)),
      ]),
      [
        `${standing.metrics} metrics, ${standing.alarms} alarms, ${standing.dashboards} dashboard`,
        dollars(observationCost()),
      ],
      ['a secret with the keys of another store, if used', dollars(secretCost())],
      [
        `delivery by CloudFront: ${standing.deliveryMetrics} metrics, ${standing.deliveryAlarms} alarms, a secret with the key`,
        dollars(deliveryCost()),
      ],
      ['a web ACL, without a flat-rate plan', dollars(webAclCost())],
    ],
  );
