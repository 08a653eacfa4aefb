import { parseSecretArn } from '../../domain/aws.ts';
import { type ConditionalWrites, conditionalWrites as modes } from '../../domain/bucket-policy.ts';
import { type PartChecksum, partChecksums } from '../../domain/release.ts';
import { type PathStyle, pathStyles } from '../../store/read/bucket-location.ts';
import { accept, type Setting } from './setting.ts';

// Readers are sent to presigned URLs at this endpoint.
const s3Endpoint: Setting<string | undefined> = {
  ...accept.httpsOrigin(
    'an https:// origin without a path, such as https://s3.dualstack.eu-central-1.amazonaws.com; http:// is refused',
  ),
  fallback: undefined,
  standard: "Amazon's for the region",
  about: "an https origin of S3, such as a dual-stack one; with `credentialsSecretArn` another store's",
};

const credentialsSecretArn: Setting<string | undefined> = {
  accepted:
    'the complete ARN of a secret of Secrets Manager, with the six characters at its end, such as arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123',
  parse: (value) => (typeof value === 'string' ? parseSecretArn(value)?.arn : undefined),
  fallback: undefined,
  standard: 'a bucket on AWS',
  about: 'the secret with the keys of a bucket that is not on AWS: [docs/storage.md](docs/storage.md)',
};

const bucketName: Setting<string | undefined> = {
  ...accept.matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, '3–63 lower-case letters, digits, hyphens and dots'),
  fallback: undefined,
  standard: 'one is made',
  about: 'that bucket, which must be there',
};

const s3Region: Setting<string> = {
  ...accept.matching(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, such as fsn1 or auto'),
  fallback: 'us-east-1',
  about: "that bucket's region, as its store names it",
};

const s3PathStyle: Setting<PathStyle | undefined> = {
  ...accept.oneOf(...pathStyles),
  fallback: undefined,
  standard: '`path` with `s3Endpoint`',
  about: '`virtual`: the bucket is a part of the host name',
};

const conditionalWrites: Setting<ConditionalWrites> = {
  ...accept.oneOf(...modes),
  fallback: 'required',
  about: '`serialised`: for a store that does not honour conditional writes; one publish request at a time',
};

const partChecksum: Setting<PartChecksum> = {
  ...accept.oneOf(...partChecksums),
  fallback: 'sha256',
  about: '`md5`: for a store that takes no SHA-256 with a part of an upload, such as Cloudflare R2',
};

export const storeSettings = {
  s3Endpoint,
  credentialsSecretArn,
  bucketName,
  s3Region,
  s3PathStyle,
  conditionalWrites,
  partChecksum,
};
