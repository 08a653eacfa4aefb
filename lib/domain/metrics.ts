/** The CloudWatch namespace of all metrics. */
export const namespace = 'NixChannels';

/** The dimensions in CloudWatch. `service` is the stack's name. */
export type Dimension = 'service' | 'function' | 'route' | 'outcome' | 'reason' | 'trackedChannel';

interface Metric {
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds' | 'Bytes';
  readonly dimensions: readonly Dimension[];
}

/**
 * All metrics. The value of a dimension always comes from a list that is fixed at deployment: the stack's name, a function, a
 * route, an outcome, a reason, a channel in the settings. It is never chosen by a client.
 */
export const metrics = {
  // serve
  Requests: { unit: 'Count', dimensions: ['service', 'route', 'outcome'] },
  Latency: { unit: 'Milliseconds', dimensions: ['service'] },
  ColdStarts: { unit: 'Count', dimensions: ['service'] },
  Refreshes: { unit: 'Count', dimensions: ['service'] },
  StaleAnswers: { unit: 'Count', dimensions: ['service'] },
  AuthenticationFailures: { unit: 'Count', dimensions: ['service', 'reason'] },
  ChannelRequests: { unit: 'Count', dimensions: ['service', 'trackedChannel'] },
  // serve and publish
  S3Errors: { unit: 'Count', dimensions: ['service', 'function'] },
  // publish
  Publishes: { unit: 'Count', dimensions: ['service'] },
  PublishedBytes: { unit: 'Bytes', dimensions: ['service'] },
  Conflicts: { unit: 'Count', dimensions: ['service'] },
  FailedPublishes: { unit: 'Count', dimensions: ['service'] },
  OperationLatency: { unit: 'Milliseconds', dimensions: ['service', 'route'] },
  // publish, by the schedule
  Channels: { unit: 'Count', dimensions: ['service'] },
  OverdueChannels: { unit: 'Count', dimensions: ['service'] },
  OldestAge: { unit: 'Seconds', dimensions: ['service'] },
  LateRemovals: { unit: 'Count', dimensions: ['service'] },
  ChannelBytes: { unit: 'Bytes', dimensions: ['service', 'trackedChannel'] },
  RetiredBytes: { unit: 'Bytes', dimensions: ['service'] },
  PolicyBytes: { unit: 'Bytes', dimensions: ['service'] },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;

export type MetricValues = Readonly<Partial<Record<MetricName, number>>>;

/** How a request for a channel or a release ended: all values of the dimension. */
export const outcomes = [
  'led-to-release',
  'led-to-bucket',
  'described',
  'not-modified',
  'page',
  'unauthorized',
  'not-found',
  'gone',
  'moved',
  'refused',
  'unavailable',
  'defect',
] as const;

export type Outcome = (typeof outcomes)[number];

const refusals: Readonly<Record<number, Outcome>> = {
  401: 'unauthorized',
  404: 'not-found',
  410: 'gone',
  412: 'moved',
  500: 'defect',
  503: 'unavailable',
};

/** The outcome of a request whose status is 400 or above. */
export const outcomeOfStatus = (status: number): Outcome => refusals[status] ?? 'refused';

const maxUserAgentLength = 200;

/** Nix writes `curl/8.11.0 Nix/2.34.8` (src/libstore/filetransfer.cc); a pre-release adds `pre20250515_0123abc`. */
const version = /(?:^|\s)Nix\/(\d{1,3}(?:\.\d{1,4}){1,3}(?:pre\d{8}_[0-9a-f]{1,12})?)(?=$|\s)/;

/** The version of Nix in a User-Agent; undefined where it is not Nix. */
export const clientVersion = (userAgent: string | undefined): string | undefined =>
  userAgent === undefined ? undefined : version.exec(userAgent.slice(0, maxUserAgentLength))?.[1];
