import { readFileSync } from 'node:fs';
import { parseJwtSettings } from '../../../lambda/auth/parse-jwt-settings.ts';
import { parseSettings } from '../../../lambda/http/setting-kinds.ts';
import { BadSetting } from '../../domain/problem.ts';
import { functionEnvironments } from '../functions.ts';
import { combinations } from './combinations.ts';
import { contextNameOf } from './function-settings.ts';
import { type StackSettings, singleSettings, stackSettings } from './stack-settings.ts';

/** Bytes of all variables of a function (Lambda developer guide, "Lambda quotas"). */
const maxEnvironmentBytes = 4_096;
/** Characters of what is known only at deployment: the bucket's name and the API's own domain. */
const maxBucketNameLength = 63;
const generatedDomainLength = 68;
/** Characters of the ARN of a secret whose name CloudFormation makes, without the name of its key. */
const generatedSecretLength = 120;
const keyIdLength = 14;

/** The variables of the delivery, as long as they can be. */
const deliveryEnvironment = ({ delivery, deliveryDomainName, deliveryKeys: [signing = ''] }: StackSettings) =>
  delivery === 'bucket'
    ? {}
    : {
        DELIVERY_URL: `https://${deliveryDomainName ?? '-'.repeat(generatedDomainLength)}`,
        DELIVERY_KEY_ID: '-'.repeat(keyIdLength),
        DELIVERY_SECRET: '-'.repeat(generatedSecretLength + signing.length),
      };

/**
 * Lambda measures the JSON of all variables, as its error message shows: the quotes within `ACCESS`, which is JSON itself,
 * count twice.
 *
 * @throws BadSetting
 */
function checkEnvironment(settings: StackSettings): void {
  const { baseUrl, domainName, bucketName, credentialsSecretArn, s3Region } = settings;
  const { serve } = functionEnvironments(settings, {
    bucketName: bucketName ?? '-'.repeat(maxBucketNameLength),
    baseUrl: baseUrl ?? `https://${domainName ?? '-'.repeat(generatedDomainLength)}`,
    store:
      credentialsSecretArn === undefined ? {} : { S3_REGION: s3Region, CREDENTIALS_SECRET_ARN: credentialsSecretArn },
    delivery: deliveryEnvironment(settings),
  });
  const size = Buffer.byteLength(JSON.stringify(serve));
  if (size > maxEnvironmentBytes)
    throw new BadSetting(
      'The settings of tokens (jwt…) and metricChannels',
      `need ${size} bytes together with the other variables of the function, which can have ${maxEnvironmentBytes}: use fewer or shorter keys (Ed25519), fewer rules, or fewer channels`,
    );
}

/** Keys of the CDK without `:`, which its other keys have. */
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
  if (unknown !== undefined)
    throw new BadSetting(`There is no setting ${unknown}.`, `The settings are: ${known.join(', ')}`);
  const settings: StackSettings = {
    ...parseSettings(singleSettings, context, (name) => `The setting ${name}`),
    jwt: parseJwtSettings({ value: (name) => context[contextNameOf(name)], nameOf: contextNameOf, readFile }),
  };
  const broken = combinations.find(({ isBroken }) => isBroken(settings));
  if (broken !== undefined) throw new BadSetting(`The setting ${broken.name}`, broken.rule);
  checkEnvironment(settings);
  return settings;
}
