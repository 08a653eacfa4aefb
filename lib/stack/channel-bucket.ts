import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type CfnBucketPolicy,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface ChannelBucketProps {
  readonly breakGlassRoleName: string;
}

/** The bucket of catalog, records and tarballs. It outlives the stack, and its policy binds every writer, not only ours. */
export class ChannelBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: ChannelBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'AbortIncompleteUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        // The state of an upload, one day longer than the upload itself. With `Days` given S3 also removes the delete marker
        // that expiration leaves, once it is alone and of that age (S3 user guide, "Lifecycle configuration elements").
        // The bucket policy cannot stand in the way: "even if your bucket policy denies all actions for all principals, your
        // S3 Lifecycle configuration still functions as normal" (S3 user guide, "Bucket policies for Amazon S3").
        {
          id: 'ExpireUploadState',
          prefix: 'uploads/',
          expiration: Duration.days(8),
          noncurrentVersionExpiration: Duration.days(1),
        },
      ],
    });
    this.#denyUnconditionalWrites();
    this.#denyDeletion(props.breakGlassRoleName);
    // What holds data is never to be replaced because a construct was renamed, and keeps its guard when the stack goes.
    (this.bucket.node.defaultChild as CfnBucket).overrideLogicalId('ChannelBucket');
    const policy = this.bucket.policy?.node.defaultChild as CfnBucketPolicy;
    policy.overrideLogicalId('ChannelBucketPolicy');
    policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }

  /**
   * S3 user guide, "Enforce conditional writes on Amazon S3 buckets". A release can only be created: If-Match would replace
   * one, so it does not count. CreateMultipartUpload and UploadPart are s3:PutObject too but take no conditions:
   * s3:ObjectCreationOperation is false for them and true for PutObject and CompleteMultipartUpload. A JSON document may be
   * created or replaced by compare-and-swap; it is never a multipart upload, so nothing is exempted there. CopyObject cannot
   * pass either statement.
   */
  #denyUnconditionalWrites(): void {
    const documents = this.bucket.arnForObjects('*.json');
    const shared = { effect: Effect.DENY, principals: [new AnyPrincipal()], actions: ['s3:PutObject'] };
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...shared,
        sid: 'ReleasesAreOnlyCreated',
        notResources: [documents],
        conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      }),
    );
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...shared,
        sid: 'DocumentsChangeByCompareAndSwap',
        resources: [documents],
        conditions: { Null: { 's3:if-match': 'true', 's3:if-none-match': 'true' } },
      }),
    );
  }

  /**
   * Not even an administrator deletes by mistake: it takes a role made for that, which need not exist yet. aws:PrincipalArn is
   * the ARN of the role, not of its session (IAM user guide, "AWS global condition context keys"). A request without that
   * key, an anonymous one, is denied as well: a negated operator is true when its key is missing.
   */
  #denyDeletion(roleName: string): void {
    const breakGlassRole = Stack.of(this).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: roleName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        sid: 'OnlyBreakGlassDeletes',
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObject*'],
        resources: [this.bucket.arnForObjects('*')],
        conditions: { ArnNotLike: { 'aws:PrincipalArn': breakGlassRole } },
      }),
    );
  }
}
