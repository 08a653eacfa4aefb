import { BadSetting } from '../../domain/bad-setting.ts';
import { functionEnvironments } from '../function-environments.ts';
import type { StackSettings } from './stack-settings.ts';

/** Bytes of all variables of a function (Lambda developer guide, "Lambda quotas"). */
const quota = 4_096;
/** As long as what only the deployment knows becomes: S3's longest name of a bucket, and the API's own domain. */
const longestBucketName = 63;
const generatedDomain = 68;

/**
 * Lambda says of an environment that is too large which text it measured, and that is the JSON of all variables: the quotes
 * within `ACCESS`, which is JSON itself, count twice.
 *
 * @throws BadSetting
 */
export function checkEnvironment(settings: StackSettings): void {
  const { baseUrl, domainName, bucketName, credentialsSecretArn, s3Region } = settings;
  const { serve } = functionEnvironments(settings, {
    bucketName: bucketName ?? '-'.repeat(longestBucketName),
    baseUrl: baseUrl ?? `https://${domainName ?? '-'.repeat(generatedDomain)}`,
    store:
      credentialsSecretArn === undefined ? {} : { S3_REGION: s3Region, CREDENTIALS_SECRET_ARN: credentialsSecretArn },
  });
  const size = Buffer.byteLength(JSON.stringify(serve));
  if (size > quota)
    throw new BadSetting(
      'The settings of tokens (jwt…) and metricChannels',
      `come to ${size} bytes together with the other variables of the function, which takes ${quota}: use fewer or shorter keys (Ed25519), fewer rules, or fewer channels`,
    );
}
