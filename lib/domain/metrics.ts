/** CloudWatch's namespace of everything that the functions count. */
export const namespace = 'NixChannels';

/** The keys of an embedded metric that CloudWatch counts by. `service` is the stack's name. */
export type Dimension = 'service' | 'function' | 'route' | 'outcome' | 'reason' | 'trackedChannel';

interface Metric {
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds' | 'Bytes';
  readonly dimensions: readonly Dimension[];
}

/**
 * Every metric there is. Each value of a dimension comes from a list that is fixed at deployment: the stack's name, a function,
 * a route, an outcome, a reason, a channel that the settings name. Nothing that a client chose is ever one.
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
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;

export type MetricValues = Readonly<Partial<Record<MetricName, number>>>;

/** How a request for a channel or a release ended. A dimension of a metric: this list is all that it can hold. */
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

/** What a status of 400 and above says of the outcome. */
export const outcomeOfStatus = (status: number): Outcome => refusals[status] ?? 'refused';

/** Characters of a User-Agent that are looked at. */
const looked = 200;

/** Nix writes `curl/8.11.0 Nix/2.34.8` (src/libstore/filetransfer.cc); a pre-release adds `pre20250515_0123abc`. */
const version = /(?:^|\s)Nix\/(\d{1,3}(?:\.\d{1,4}){1,3}(?:pre\d{8}_[0-9a-f]{1,12})?)(?=$|\s)/;

/** The version of Nix that a client says it is; undefined where it says anything else. */
export const clientVersion = (userAgent: string | undefined): string | undefined =>
  userAgent === undefined ? undefined : version.exec(userAgent.slice(0, looked))?.[1];
