import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { isAmazon, locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createPresign } from '../../lib/store/read/presigner.ts';
import { createGuardReader } from '../../lib/store/write/bucket-guards.ts';
import { createBucketWriter } from '../../lib/store/write/bucket-writer.ts';
import { s3ClientConfig } from '../../lib/store/write/s3-client-config.ts';
import { lineLog } from '../http/log.ts';
import { logFrom, parseLogLevel } from '../http/log-level.ts';
import { storeSettings } from '../http/settings.ts';
import { createPublish } from './create-publish.ts';

const settings = storeSettings(process.env);
const { bucket, region, endpoint, credentials, baseUrl } = settings;
const client = new S3Client(s3ClientConfig(settings));

export const handler = createPublish({
  bucket: createBucketWriter(client, bucket, {
    tagReleases: process.env.RELEASE_TAGGING === '1',
  }),
  guards: createGuardReader(client, bucket, isAmazon(endpoint)),
  presign: createPresign(locateBucket(bucket, region, endpoint), credentials, Date.now),
  baseUrl,
  now: Date.now,
  sleep,
  log: logFrom(
    parseLogLevel(process.env.LOG_LEVEL),
    lineLog((line) => process.stdout.write(line)),
  ),
});
