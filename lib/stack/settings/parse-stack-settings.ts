import { readFileSync } from 'node:fs';
import { BadSetting } from '../../domain/problem.ts';
import { functionEnvironments } from '../functions.ts';
import { combinations } from './combinations.ts';
import { jwtSettings, readJwt } from './function-settings.ts';
import type { SettingGroup } from './setting.ts';
import { type StackSettings, stackSettings } from './stack-settings.ts';

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
function checkEnvironment(settings: StackSettings): void {
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

/** Those that have no `:` as all others do. */
const keysOfCdk = ['cli-telemetry', 'acknowledged-issue-numbers'];

/**
 * @param context everything in the app's context. What is not a key of the CDK's own is one of ours, and a misspelt one is
 *   refused rather than ignored: it must not leave open what was to be private.
 * @param readFile of the files that settings name
 * @throws BadSetting
 */
export function parseStackSettings(
  context: Readonly<Record<string, unknown>>,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): StackSettings {
  const known = Object.keys(stackSettings);
  const unknown = Object.keys(context).find(
    (key) => !key.includes(':') && !keysOfCdk.includes(key) && !known.includes(key),
  );
  if (unknown !== undefined) throw new BadSetting(`There is no setting ${unknown}.`, `There are: ${known.join(', ')}`);
  const single = Object.entries<SettingGroup[string]>(stackSettings).filter(([name]) => !(name in jwtSettings));
  const entries = single.map(([name, setting]) => {
    const value = context[name];
    if (value === undefined) return [name, setting.fallback] as const;
    const parsed: unknown = setting.parse(value);
    if (parsed !== undefined) return [name, parsed] as const;
    throw new BadSetting(`The setting ${name}`, `must be ${setting.accepted}. It is ${JSON.stringify(value)}`);
  });
  const settings = { ...Object.fromEntries(entries), jwt: readJwt(context, readFile) } as unknown as StackSettings;
  const broken = combinations.find((combination) => combination.broken(settings));
  if (broken !== undefined) throw new BadSetting(`The setting ${broken.name}`, broken.rule);
  checkEnvironment(settings);
  return settings;
}
