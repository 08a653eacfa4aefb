/** An amount from which a price holds, up to the next one's. */
export type Tier = readonly [from: number, price: number];

/** US dollars, us-east-1, list prices without free tiers, as published in June 2026; docs/cost.md names the pages. */
export const prices = {
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
  /** A GB to the internet; above 500 TB the price is a matter of a contract. */
  bytesOut: [
    [0, 0.09],
    [10_240, 0.085],
    [51_200, 0.07],
    [153_600, 0.05],
  ],
  /** A GB and month in S3 Standard. */
  storage: [
    [0, 0.023],
    [51_200, 0.022],
    [512_000, 0.021],
  ],
  /** A GB into CloudWatch Logs: the access log, and what functions write. */
  logs: [[0, 0.5]],
  metric: [[0, 0.3]],
  alarm: [[0, 0.1]],
  dashboard: [[0, 3]],
  secret: [[0, 0.4]],
} as const satisfies Readonly<Record<string, readonly Tier[]>>;
