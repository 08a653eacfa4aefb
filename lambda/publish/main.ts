import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createPresign } from '../../lib/store/read/presigner.ts';
import { createBucketWriter } from '../../lib/store/write/bucket-writer.ts';
import { s3ClientConfig } from '../../lib/store/write/s3-client-config.ts';
import { parseLogLevel } from '../http/log-level.ts';
import { observationSettings } from '../http/observation-settings.ts';
import { storeSettings } from '../http/settings.ts';
import { createPublishFunction } from './create-publish-function.ts';
import { createMeter } from './meter.ts';
import { powertoolsLog } from './powertools-log.ts';

const settings = storeSettings(process.env);
const { service } = observationSettings(process.env);
const { bucket, region, endpoint, credentials, baseUrl } = settings;

export const handler = createPublishFunction({
  bucket: createBucketWriter(new S3Client(s3ClientConfig(settings)), bucket, {
    tagReleases: process.env.RELEASE_TAGGING === '1',
  }),
  presign: createPresign(locateBucket(bucket, region, endpoint), credentials, Date.now),
  baseUrl,
  now: Date.now,
  sleep,
  log: powertoolsLog(service, parseLogLevel(process.env.LOG_LEVEL)),
  meter: createMeter({ service, now: Date.now, write: (line) => process.stdout.write(line) }),
});
