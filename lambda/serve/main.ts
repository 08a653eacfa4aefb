import * as https from 'node:https';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { fixedKeys } from '../../lib/store/read/presign.ts';
import { createBucketReader } from '../../lib/store/read/reader.ts';
import { nodeRequest } from '../../lib/store/read/request.ts';
import { createMeter, lineLog, logFrom, parseLogLevel } from '../http/log.ts';
import { observationSettings, parseMaxAge, parsePresignLifetime, required, storeSettings } from '../http/settings.ts';
import { createPresign, createServe } from './core.ts';
import { Observer } from './observer.ts';
import type { Tokens } from './release.ts';

const settings = storeSettings(process.env);
const { service, trackedChannels } = observationSettings(process.env);
const now = Date.now;
const write = (line: string): void => void process.stdout.write(line);
const log = logFrom(parseLogLevel(process.env.LOG_LEVEL), lineLog(write));
const stopwatch = (): number => performance.now();
const meter = createMeter({ now, write });
const observer = new Observer({ service, trackedChannels, stopwatch, meter, log });
const request = nodeRequest(https);
const own = fixedKeys(settings.credentials);
const { ACCESS, CREDENTIALS_SECRET_ARN, DELIVERY_URL } = process.env;
const { keys, delivery } =
  CREDENTIALS_SECRET_ARN || DELIVERY_URL
    ? await (await import('./with-secret.ts')).openSecrets(process.env, { own, request, now, log })
    : { keys: own };
const presign = createPresign(locateBucket(settings), keys, now);
const reader = observer.tally.watch(createBucketReader(request, presign, keys));
const channelMaxAge = parseMaxAge(required(process.env, 'CHANNEL_MAX_AGE_SECONDS'));
const presignLifetime = parsePresignLifetime(process.env.PRESIGN_LIFETIME_SECONDS);

async function openTokens(): Promise<Tokens | undefined> {
  if (ACCESS === 'open') return undefined;
  const { loadAccess, resolveRestricted } = await import('./with-tokens.ts');
  const { onStale } = observer.tally;
  const access = await loadAccess(ACCESS, { reader, request, maxAgeMs: channelMaxAge, now, log, onStale });
  return { access, resolveRestricted };
}

const tokens = await openTokens();
const { baseUrl } = settings;
const serve = createServe({ reader, delivery, baseUrl, channelMaxAge, presignLifetime, tokens, now, log, observer });

await Promise.all([serve.warm(), delivery?.warm()]);

export const { handler } = serve;
