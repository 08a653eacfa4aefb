import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { bucketLifecycle } from './bucket-lifecycle.ts';
import { lifecycleJson } from './lifecycle-json.ts';
import type { StackSettings } from './settings/stack-settings.ts';

/** The bucket as the functions are told of it, and what their roles need for it. */
export interface ChannelStore {
  /** Absent where it is not on AWS. */
  readonly bucket?: Bucket | IBucket;
  readonly bucketName: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly publishEnvironment: Readonly<Record<string, string>>;
  readonly serveStatements: readonly PolicyStatement[];
  readonly publishStatements: readonly PolicyStatement[];
  /** What the owner of the bucket gives it, as JSON, where nothing of AWS can. */
  readonly lifecycle?: string;
}

const allow = (actions: readonly string[], resource: string): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [resource] });

export const bucketOnAws = (bucket: Bucket | IBucket): ChannelStore => ({
  bucket,
  bucketName: bucket.bucketName,
  environment: {},
  publishEnvironment: { RELEASE_TAGGING: '1' },
  serveStatements: [
    allow(['s3:GetObject'], bucket.arnForObjects('*')),
    // Without it S3 says 403 of a missing key, and absent could not be told from broken.
    allow(['s3:ListBucket'], bucket.bucketArn),
  ],
  publishStatements: [
    allow(
      [
        's3:GetObject',
        's3:PutObject',
        's3:PutObjectTagging', // an upload is opened with the tag of its object
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
      ],
      bucket.arnForObjects('*'),
    ),
    allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], bucket.bucketArn),
    // What the doctor looks at to say whether the bucket protects its releases.
    allow(
      ['s3:GetBucketPolicy', 's3:GetLifecycleConfiguration', 's3:GetBucketVersioning', 's3:GetBucketPublicAccessBlock'],
      bucket.bucketArn,
    ),
  ],
});

/** A bucket of another S3-compatible store; undefined where the settings name none. */
export function bucketElsewhere({
  credentialsSecretArn: secret,
  bucketName,
  s3Region,
}: StackSettings): ChannelStore | undefined {
  if (secret === undefined || bucketName === undefined) return undefined;
  // The key aws/secretsmanager needs no right to decrypt (AWS Secrets Manager user guide, "Secret encryption and decryption").
  const readKeys = () => [allow(['secretsmanager:GetSecretValue'], secret)];
  return {
    bucketName,
    environment: { S3_REGION: s3Region, CREDENTIALS_SECRET_ARN: secret },
    publishEnvironment: {},
    serveStatements: readKeys(),
    publishStatements: readKeys(),
    lifecycle: lifecycleJson(bucketLifecycle(undefined)),
  };
}
