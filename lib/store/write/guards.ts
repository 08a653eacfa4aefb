import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  type PublicAccessBlockConfiguration,
  type S3Client,
} from '@aws-sdk/client-s3';
import { statusOf, unavailable } from './s3-requests.ts';

/** A setting of the bucket, `undefined` where it is not set; or the error code of a store that does not show it. */
export type Setting<Value> = { readonly value: Value | undefined } | { readonly unreadable: string };

/** What protects the bucket, beside the permissions of those who write to it. */
export interface BucketGuards {
  readonly bucket: string;
  /** Whether the store is Amazon's, which evaluates every condition of a policy. */
  readonly amazon: boolean;
  /** The policy's JSON. */
  readonly policy: Setting<string>;
  readonly lifecycle: Setting<readonly LifecycleRule[]>;
  readonly versioning: Setting<string>;
  readonly publicAccess: Setting<PublicAccessBlockConfiguration>;
}

export type ReadGuards = () => Promise<BucketGuards>;

/** AccessDenied, MethodNotAllowed, NotImplemented: the store answers, but does not show the setting. */
const unreadableStatuses = [403, 405, 501];

async function readSetting<Answer, Value>(
  call: Promise<Answer>,
  read: (answer: Answer) => Value | undefined,
): Promise<Setting<Value>> {
  try {
    return { value: read(await call) };
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) return { value: undefined };
    if (status !== undefined && unreadableStatuses.includes(status)) return { unreadable: (error as Error).name };
    throw unavailable(error);
  }
}

export const createGuardReader =
  (client: S3Client, bucket: string, amazon: boolean): ReadGuards =>
  async () => {
    const Bucket = bucket;
    const [policy, lifecycle, versioning, publicAccess] = await Promise.all([
      readSetting(client.send(new GetBucketPolicyCommand({ Bucket })), ({ Policy }) => Policy),
      readSetting(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })), ({ Rules }) => Rules),
      readSetting(client.send(new GetBucketVersioningCommand({ Bucket })), ({ Status }) => Status),
      readSetting(
        client.send(new GetPublicAccessBlockCommand({ Bucket })),
        ({ PublicAccessBlockConfiguration: configuration }) => configuration,
      ),
    ]);
    return { bucket, amazon, policy, lifecycle, versioning, publicAccess };
  };
