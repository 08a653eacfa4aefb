import { retiredTag, uploadsPrefix } from './store.ts';

export type StatementName =
  | 'OnlyByTls'
  | 'OnlyByTls12AndNewer'
  | 'ReleasesAreOnlyCreated'
  | 'DocumentsChangeByCompareAndSwap'
  | 'NothingIsACopy'
  | 'OnlyBreakGlassDeletes'
  | 'NothingIsReplicatedHere'
  | 'OnlyTheScheduleRetires'
  | 'DocumentsAreNotRetired'
  | 'DocumentsAreNotTakenDown';

/** A denial of a bucket policy, as IAM's JSON has it. */
export interface BucketStatement {
  readonly Sid: StatementName;
  readonly Effect: 'Deny';
  readonly Principal: { readonly AWS: '*' };
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string;
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

interface BucketPolicyTerms {
  readonly bucketArn: string;
  /** The one role that may delete everything. */
  readonly breakGlassRoleArn: string;
  /** The role of the function whose schedule hands retired releases over to the lifecycle rule. */
  readonly publishRoleArn: string;
  /** A role that may delete releases, but no documents. */
  readonly takedownRoleArn?: string | undefined;
}

/** What may set tags: a release is created with its tags, too. */
const taggingActions = ['s3:PutObject', 's3:PutObjectTagging', 's3:PutObjectVersionTagging'];

/**
 * The policy applies to every writer of the bucket, not only to ours.
 *
 * S3 user guide, "Enforce conditional writes on Amazon S3 buckets". A release can only be created: If-Match would replace
 * one, so it does not count. CreateMultipartUpload and UploadPart are s3:PutObject too but take no conditions:
 * s3:ObjectCreationOperation is false for them and true for PutObject and CompleteMultipartUpload. A JSON document may be
 * created or replaced by compare-and-swap; it is never a multipart upload, so nothing is exempted there.
 *
 * CopyObject is s3:PutObject and takes the same conditions, but a copy of a release has another entity tag: it is refused, by
 * the key that only copies have ("Actions, resources, and condition keys for Amazon S3").
 *
 * Not even an administrator deletes by mistake: it takes a role made for that, which need not exist yet. aws:PrincipalArn is
 * the ARN of the role, not of its session (IAM user guide, "AWS global condition context keys"). A request without that
 * key, an anonymous one, is denied as well: a negated operator is true when its key is missing. Replication from elsewhere
 * writes and deletes without conditions, so it is as good as a deletion.
 *
 * A lifecycle rule deletes what has the tag of retired releases, whatever this policy says. So the tag is as good as a deletion
 * too: only the schedule sets it, and on releases only ("Actions, resources, and condition keys for Amazon S3",
 * s3:RequestObjectTag).
 */
export function bucketPolicy({
  bucketArn,
  breakGlassRoleArn,
  publishRoleArn,
  takedownRoleArn,
}: BucketPolicyTerms): readonly BucketStatement[] {
  const everybody = { Effect: 'Deny', Principal: { AWS: '*' } } as const;
  const whole = [bucketArn, `${bucketArn}/*`];
  const documents = `${bucketArn}/*.json`;
  const notReleases = [documents, `${bucketArn}/${uploadsPrefix}*`];
  const retires = { StringEquals: { [`s3:RequestObjectTag/${retiredTag.key}`]: retiredTag.value } };
  const notByBreakGlass = { ArnNotLike: { 'aws:PrincipalArn': breakGlassRoleArn } };
  return [
    {
      Sid: 'OnlyByTls',
      ...everybody,
      Action: 's3:*',
      Resource: whole,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    {
      Sid: 'OnlyByTls12AndNewer',
      ...everybody,
      Action: 's3:*',
      Resource: whole,
      Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } },
    },
    {
      Sid: 'ReleasesAreOnlyCreated',
      ...everybody,
      Action: 's3:PutObject',
      NotResource: documents,
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    },
    {
      Sid: 'DocumentsChangeByCompareAndSwap',
      ...everybody,
      Action: 's3:PutObject',
      Resource: documents,
      Condition: { Null: { 's3:if-match': 'true', 's3:if-none-match': 'true' } },
    },
    {
      Sid: 'NothingIsACopy',
      ...everybody,
      Action: 's3:PutObject',
      Resource: `${bucketArn}/*`,
      Condition: { Null: { 's3:x-amz-copy-source': 'false' } },
    },
    {
      Sid: 'OnlyBreakGlassDeletes',
      ...everybody,
      Action: 's3:DeleteObject*',
      Resource: `${bucketArn}/*`,
      Condition:
        takedownRoleArn === undefined
          ? notByBreakGlass
          : { ArnNotLike: { 'aws:PrincipalArn': [breakGlassRoleArn, takedownRoleArn] } },
    },
    {
      Sid: 'NothingIsReplicatedHere',
      ...everybody,
      Action: 's3:Replicate*',
      Resource: `${bucketArn}/*`,
      Condition: notByBreakGlass,
    },
    {
      Sid: 'OnlyTheScheduleRetires',
      ...everybody,
      Action: taggingActions,
      Resource: `${bucketArn}/*`,
      Condition: { ...retires, ArnNotLike: { 'aws:PrincipalArn': publishRoleArn } },
    },
    {
      Sid: 'DocumentsAreNotRetired',
      ...everybody,
      Action: taggingActions,
      Resource: notReleases,
      Condition: retires,
    },
    ...(takedownRoleArn === undefined
      ? []
      : ([
          {
            Sid: 'DocumentsAreNotTakenDown',
            ...everybody,
            Action: 's3:DeleteObject*',
            Resource: notReleases,
            Condition: notByBreakGlass,
          },
        ] as const)),
  ];
}

interface DeliveryTerms {
  readonly bucketArn: string;
  readonly distributionArn: string;
}

/** A statement for CloudFront, which is a principal of its own. */
export interface DeliveryStatement {
  readonly Sid: 'DeliveryReadsReleases' | 'DeliveryReadsNothingElse';
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: { readonly Service: 'cloudfront.amazonaws.com' };
  readonly Action: 's3:GetObject';
  readonly Resource: string | readonly string[];
  readonly Condition?: { readonly StringEquals: { readonly 'aws:SourceArn': string } };
}

/**
 * What one distribution may read (CloudFront developer guide, "Restrict access to an Amazon S3 origin"): releases, whose keys
 * have no slash and do not end in `.json`. Records, the catalog, the deny list and everything in a folder stay closed to all
 * distributions, even if another statement allows more.
 */
export const deliveryStatements = ({ bucketArn, distributionArn }: DeliveryTerms): readonly DeliveryStatement[] => [
  {
    Sid: 'DeliveryReadsReleases',
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: 's3:GetObject',
    Resource: `${bucketArn}/*`,
    Condition: { StringEquals: { 'aws:SourceArn': distributionArn } },
  },
  {
    Sid: 'DeliveryReadsNothingElse',
    Effect: 'Deny',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: 's3:GetObject',
    Resource: [`${bucketArn}/*.json`, `${bucketArn}/*/*`],
  },
];
