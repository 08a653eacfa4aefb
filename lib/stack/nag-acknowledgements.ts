import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { acknowledge } from './publishers.ts';

interface Acknowledged {
  /** Undefined if it is not on AWS: then no role has a wildcard either. */
  readonly bucket: Bucket | IBucket | undefined;
  readonly publicRoutes: readonly IConstruct[];
  readonly serveRole: IConstruct;
  readonly publishRole: IConstruct;
}

/** Acknowledges findings of cdk-nag, each only on its construct, so that new findings are still reported. */
export function acknowledgeFindings({ bucket, publicRoutes, serveRole, publishRole }: Acknowledged): void {
  if (bucket instanceof Bucket)
    acknowledge(
      bucket,
      'S1',
      "Each object is reached through the API, whose access log holds the request, and each change stands in its channel's " +
        'record with who and when. Whoever must see the requests to S3 itself turns on CloudTrail data events, which need no ' +
        'second bucket.',
    );
  for (const route of publicRoutes) {
    acknowledge(
      route,
      'APIG4',
      'Nix reads channels without credentials. The route reaches the serve function, which can only read.',
    );
  }
  if (bucket === undefined) return;
  const bucketArn = bucket instanceof Bucket ? '<ChannelBucket.Arn>' : `arn:<AWS::Partition>:s3:::${bucket.bucketName}`;
  const everyObject = `IAM5[Resource::${bucketArn}/*]`;
  acknowledge(
    serveRole,
    everyObject,
    'The bucket is for channels alone and its keys are not known at deployment; the actions on them are s3:GetObject alone.',
  );
  acknowledge(
    publishRole,
    everyObject,
    'The keys of records and releases are not known at deployment. The actions are named one by one, none deletes, and the ' +
      'bucket policy refuses writes without a condition.',
  );
}
