import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  type PublicAccessBlockConfiguration,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isBucketMissing, statusOf, unavailable } from './bucket-writer.ts';

/** A setting of the bucket, `undefined` where it has none; or why the store does not tell. */
export type Told<Value> = { readonly value: Value | undefined } | { readonly unseen: string };

/** What protects the bucket besides the rights of those who write to it. */
export interface BucketGuards {
  readonly bucket: string;
  /** Whether the store is Amazon's, and so known to heed each condition of a policy. */
  readonly amazon: boolean;
  /** The policy's JSON. */
  readonly policy: Told<string>;
  readonly lifecycle: Told<readonly LifecycleRule[]>;
  readonly versioning: Told<string>;
  readonly publicAccess: Told<PublicAccessBlockConfiguration>;
}

export type ReadGuards = () => Promise<BucketGuards>;

/** AccessDenied, MethodNotAllowed, NotImplemented: the store is there, and does not tell. */
const untold = [403, 405, 501];

async function told<Answer, Value>(
  call: Promise<Answer>,
  read: (answer: Answer) => Value | undefined,
): Promise<Told<Value>> {
  try {
    return { value: read(await call) };
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 && !isBucketMissing(error)) return { value: undefined };
    if (status !== undefined && untold.includes(status)) return { unseen: (error as Error).name };
    throw unavailable(error);
  }
}

export const createGuardReader =
  (client: S3Client, bucket: string, amazon: boolean): ReadGuards =>
  async () => {
    const Bucket = bucket;
    const [policy, lifecycle, versioning, publicAccess] = await Promise.all([
      told(client.send(new GetBucketPolicyCommand({ Bucket })), ({ Policy }) => Policy),
      told(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })), ({ Rules }) => Rules),
      told(client.send(new GetBucketVersioningCommand({ Bucket })), ({ Status }) => Status),
      told(
        client.send(new GetPublicAccessBlockCommand({ Bucket })),
        ({ PublicAccessBlockConfiguration: configuration }) => configuration,
      ),
    ]);
    return { bucket, amazon, policy, lifecycle, versioning, publicAccess };
  };
