/**
 * The metrics of AWS itself that dashboard and alarms look at, each with the dimensions that AWS gives it and the page that
 * says so. Seen there on 2025-11-22.
 */
export const awsMetrics: readonly {
  readonly source: string;
  readonly namespace: string;
  readonly names: readonly string[];
  readonly dimensions: readonly string[];
}[] = [
  {
    source: 'API Gateway developer guide, "Monitor CloudWatch metrics for HTTP APIs in API Gateway"',
    namespace: 'AWS/ApiGateway',
    names: ['4xx', '5xx', 'Count', 'DataProcessed', 'IntegrationLatency', 'Latency'],
    dimensions: ['ApiId'],
  },
  {
    source: 'Lambda developer guide, "Types of metrics for Lambda functions"',
    namespace: 'AWS/Lambda',
    names: ['ConcurrentExecutions', 'Duration', 'Errors', 'Invocations', 'Throttles'],
    dimensions: ['FunctionName'],
  },
  {
    source: 'Amazon S3 user guide, "Metrics and dimensions", daily storage metrics',
    namespace: 'AWS/S3',
    names: ['BucketSizeBytes', 'NumberOfObjects'],
    dimensions: ['BucketName', 'StorageType'],
  },
  {
    source: 'CloudFront developer guide, "Types of metrics for CloudFront", `CacheHitRate` as an additional metric',
    namespace: 'AWS/CloudFront',
    names: ['4xxErrorRate', '5xxErrorRate', 'BytesDownloaded', 'CacheHitRate', 'Requests'],
    dimensions: ['DistributionId', 'Region'],
  },
];
