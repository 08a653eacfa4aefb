import * as https from 'node:https';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createBucketReader } from '../../lib/store/read/bucket-reader.ts';
import { nodeRequest } from '../../lib/store/read/node-request.ts';
import { createPresign } from '../../lib/store/read/presigner.ts';
import { lineLog } from '../http/log.ts';
import { openKeys } from '../http/open-keys.ts';
import { parseMaxAge, required, storeSettings } from '../http/settings.ts';
import { createServe } from './create-serve.ts';

const settings = storeSettings(process.env);
const now = Date.now;
const log = lineLog((line) => process.stdout.write(line));
const request = nodeRequest(https);
const keys = await openKeys({ ...settings, request, now, log });
const serve = createServe({
  reader: createBucketReader(request, createPresign(locateBucket(settings), keys, now), keys),
  baseUrl: settings.baseUrl,
  channelMaxAge: parseMaxAge(required(process.env, 'CHANNEL_MAX_AGE_SECONDS')),
  now,
  log,
});

await serve.warm();

export const { handler } = serve;
