import * as https from 'node:https';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createBucketReader } from '../../lib/store/read/bucket-reader.ts';
import { nodeRequest } from '../../lib/store/read/node-request.ts';
import { createPresign } from '../../lib/store/read/presigner.ts';
import { lineLog } from '../http/log.ts';
import { observationSettings } from '../http/observation-settings.ts';
import { parseMaxAge, required, storeSettings } from '../http/settings.ts';
import { createServe } from './create-serve.ts';
import { Observer } from './observer.ts';

const { bucket, region, endpoint, credentials, baseUrl } = storeSettings(process.env);
const { service, trackedChannels, logLevel } = observationSettings(process.env);
const write = (line: string): void => void process.stdout.write(line);
const log = lineLog(write, logLevel);
const presign = createPresign(locateBucket(bucket, region, endpoint), credentials, Date.now);
const serve = createServe({
  reader: createBucketReader(nodeRequest(https), presign),
  baseUrl,
  channelMaxAge: parseMaxAge(required(process.env, 'CHANNEL_MAX_AGE_SECONDS')),
  now: Date.now,
  log,
  observer: new Observer({
    service,
    trackedChannels,
    now: Date.now,
    stopwatch: () => performance.now(),
    write,
    log,
  }),
});

await serve.warm();

export const { handler } = serve;
