/** Actions that this project means to allow, spelt as in AWS's "Service Authorization Reference". */
export const allowedActions: readonly string[] = [
  'cloudfront:CreateInvalidation',
  'execute-api:Invoke',
  'lambda:InvokeFunction',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  's3:AbortMultipartUpload',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:GetBucketPolicy',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration',
  's3:GetObject',
  's3:GetObjectLegalHold',
  's3:GetObjectRetention',
  's3:GetObjectVersion',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListBucketVersions',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectTagging',
  'secretsmanager:GetSecretValue',
  'secretsmanager:PutSecretValue',
  'sns:Publish',
  'sts:AssumeRole',
  'sts:AssumeRoleWithWebIdentity',
];

/** And to deny. */
export const deniedActions: readonly string[] = [
  's3:*',
  's3:DeleteObject*',
  's3:GetObject',
  's3:GetObject*',
  's3:PutObject',
  's3:PutObjectTagging',
  's3:PutObjectVersionTagging',
  's3:Replicate*',
  'sns:Publish',
];

/** "IAM JSON policy elements: Condition operators", those that are in use. */
export const knownOperators: readonly string[] = [
  'ArnEquals',
  'ArnLike',
  'ArnNotLike',
  'Bool',
  'Null',
  'NumericLessThan',
  'StringEquals',
  'StringLike',
];

/** Of the tokens that open roles in the configurations. */
export const ciIssuers: readonly string[] = [
  'token.actions.githubusercontent.com',
  'git.example.org',
  'agent.buildkite.com',
];

/** "AWS global condition context keys", the keys of S3 in the "Service Authorization Reference", and claims of CI systems. */
export const knownConditionKeys: readonly string[] = [
  'aws:PrincipalArn',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  's3:ObjectCreationOperation',
  's3:RequestObjectTag/kind',
  's3:TlsVersion',
  's3:if-match',
  's3:if-none-match',
  's3:x-amz-copy-source',
  ...ciIssuers.flatMap((issuer) => [`${issuer}:aud`, `${issuer}:sub`]),
];
