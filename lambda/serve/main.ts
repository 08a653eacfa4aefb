import * as https from 'node:https';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createBucketReader } from '../../lib/store/read/bucket-reader.ts';
import { nodeRequest } from '../../lib/store/read/node-request.ts';
import { createPresign } from '../../lib/store/read/presigner.ts';
import { lineLog } from '../http/log.ts';
import { logFrom, parseLogLevel } from '../http/log-level.ts';
import { parsePresignLifetime } from '../http/presign-lifetime.ts';
import { parseMaxAge, required, storeSettings } from '../http/settings.ts';
import { createServe } from './create-serve.ts';

const { bucket, region, endpoint, credentials, baseUrl } = storeSettings(process.env);
const presign = createPresign(locateBucket(bucket, region, endpoint), credentials, Date.now);
const serve = createServe({
  reader: createBucketReader(nodeRequest(https), presign),
  baseUrl,
  channelMaxAge: parseMaxAge(required(process.env, 'CHANNEL_MAX_AGE_SECONDS')),
  presignLifetime: parsePresignLifetime(process.env.PRESIGN_LIFETIME_SECONDS),
  now: Date.now,
  log: logFrom(
    parseLogLevel(process.env.LOG_LEVEL),
    lineLog((line) => process.stdout.write(line)),
  ),
});

await serve.warm();

export const { handler } = serve;
