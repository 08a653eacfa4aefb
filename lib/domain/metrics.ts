/** CloudWatch's namespace of everything that the functions count. */
export const namespace = 'NixChannels';

/** The keys of an embedded metric that CloudWatch counts by. `service` is the stack's name. */
export type Dimension = 'service' | 'function' | 'route' | 'outcome' | 'reason' | 'trackedChannel';

export interface Metric {
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
