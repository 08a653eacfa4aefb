import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Command } from 'commander';
import { findCredentials } from '../lib/client/api/credentials.ts';
import { type ApiFlags, findApi } from '../lib/client/api/find-api.ts';
import { send } from '../lib/client/api/http.ts';
import { exitCodeOf, exitCodes } from '../lib/client/exit-codes.ts';
import { createDeployment, leftovers, type PolicyOf } from '../lib/client/verify/deployment.ts';
import { checksText, resultsText, verifyDeployment } from '../lib/client/verify/verify-deployment.ts';
import { isAmazon } from '../lib/domain/aws.ts';
import { InvalidInput, Problem } from '../lib/domain/problem.ts';
import { parseBaseUrl } from '../lib/domain/urls.ts';
import { fixedKeys } from '../lib/store/read/presign.ts';
import { s3ClientConfig } from '../lib/store/write/open.ts';

interface Flags extends ApiFlags {
  readonly bucket?: string;
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly publisherRole?: string;
  readonly patience: string;
  readonly dryRun?: boolean;
}

const { env: environment } = process;

function parsePatienceMs(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text) * 1_000;
  throw new InvalidInput('patience', `"${text}" is not a whole number of seconds.`);
}

/** Credentials of the role for a session that is limited by the policy. */
const narrowedBy =
  (RoleArn: string, masterCredentials: AwsCredentialIdentityProvider, region: string) =>
  (policyOf: PolicyOf): AwsCredentialIdentityProvider =>
    fromTemporaryCredentials({
      masterCredentials,
      params: { RoleArn, Policy: policyOf(RoleArn.split(':')[1] ?? 'aws'), RoleSessionName: 'verify-deployment' },
      clientConfig: { region },
    });

async function verify(flags: Flags): Promise<number> {
  const credentials = findCredentials(flags);
  const endpoint = flags.s3Endpoint;
  if (endpoint !== undefined && parseBaseUrl(endpoint) === undefined)
    throw new InvalidInput('s3-endpoint', `"${endpoint}" is not an http or https URL.`);
  const api = await findApi({ environment, credentials, send, sleep }, flags);
  const bucket = flags.bucket ?? api.outputs?.BucketName;
  if (bucket === undefined) throw new InvalidInput('bucket', 'Give --stack, or --bucket with --url.');
  const { s3Region: region = api.region } = flags;
  const { STORE_ACCESS_KEY_ID: accessKeyId, STORE_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const storeKeys = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : await credentials();
  const s3 = new S3Client(s3ClientConfig({ bucket, region, endpoint, keys: fixedKeys(storeKeys) }));
  const deployment = createDeployment({
    api,
    bucket,
    s3,
    onAws: isAmazon(endpoint),
    credentials,
    narrowed: flags.publisherRole === undefined ? undefined : narrowedBy(flags.publisherRole, credentials, api.region),
    patienceMs: parsePatienceMs(flags.patience),
    token: environment.CHANNEL_TOKEN || undefined,
    send,
    sleep,
    environment,
    now: Date.now,
    id: randomUUID,
  });
  const results = await verifyDeployment(deployment, isAmazon(endpoint));
  console.log(`${resultsText(results)}\n\n${leftovers(deployment.channel)}`);
  return results.some(({ ok }) => ok === false) ? exitCodes.findings : exitCodes.done;
}

const command = new Command('verify-deployment')
  .description(
    'Checks a deployed stack against the real AWS services. Needs the permissions of an administrator and write access to the bucket.',
  )
  .option('--stack <name>', 'the name of the stack (or CHANNELCTL_STACK)')
  .option('--url <url>', 'the URL of the API, instead of --stack, with --bucket (or CHANNELCTL_URL)')
  .option('--bucket <name>', 'the bucket (default: the bucket of the stack)')
  .option(
    '--s3-endpoint <url>',
    'the endpoint of the bucket, if not Amazon S3; set its keys in STORE_ACCESS_KEY_ID and STORE_SECRET_ACCESS_KEY',
  )
  .option('--s3-region <region>', 'the region of the bucket')
  .option(
    '--publisher-role <arn>',
    'a role that you can assume and that has access to everything below /publish/: checks the permissions of one channel’s publisher',
  )
  .option(
    '--patience <seconds>',
    "how long it may take until readers see what was published: the stack's channelMaxAgeSeconds",
    '120',
  )
  .option('--profile <name>', 'AWS profile')
  .option('--region <region>', 'AWS region')
  .option('--dry-run', 'list the checks, and send no request');
const flags = command.parse().opts<Flags>();

try {
  if (flags.dryRun === true) console.log(checksText());
  else process.exitCode = await verify(flags);
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(`verify-deployment: ${error.message}`);
  process.exitCode = exitCodeOf(error);
}
