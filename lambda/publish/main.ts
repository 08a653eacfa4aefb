import * as https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { conditionalWrites as modes, partChecksums } from '../../lib/domain/store.ts';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createPresign, fixedKeys } from '../../lib/store/read/presign.ts';
import { nodeRequest } from '../../lib/store/read/request.ts';
import { openBucket } from '../../lib/store/write/open.ts';
import { createMeter, lineLog, logFrom, parseLogLevel } from '../http/log.ts';
import { openKeys, secretSettings } from '../http/open-keys.ts';
import {
  observationSettings,
  parseDistributionId,
  parseRetiredDays,
  parseWord,
  storeSettings,
} from '../http/settings.ts';
import { createPublishFunction } from './create-publish.ts';

const settings = storeSettings(process.env);
const { service, trackedChannels } = observationSettings(process.env);
const common = { service, function: 'publish' };
const conditionalWrites = parseWord('CONDITIONAL_WRITES', process.env.CONDITIONAL_WRITES, modes);
const partChecksum = parseWord('PART_CHECKSUM', process.env.PART_CHECKSUM, partChecksums);
const now = Date.now;
const write = (line: string): void => void process.stdout.write(line);
const log = logFrom(parseLogLevel(process.env.LOG_LEVEL), lineLog(write, common));
const keys = await openKeys({
  own: fixedKeys(settings.credentials),
  secret: secretSettings(process.env),
  request: nodeRequest(https),
  now,
  log,
});
const tagReleases = process.env.RELEASE_TAGGING === '1';
const { writer, guards } = openBucket({ ...settings, keys, conditionalWrites, partChecksum, tagReleases, now });

export const handler = createPublishFunction({
  bucket: writer,
  guards,
  presign: createPresign(locateBucket(settings), keys, now),
  partChecksum,
  baseUrl: settings.baseUrl,
  retiredDays: parseRetiredDays(process.env.RETIRED_DAYS),
  trackedChannels,
  bucketAddress: settings,
  distributionId: parseDistributionId(process.env.DELIVERY_DISTRIBUTION_ID),
  now,
  sleep,
  log,
  meter: createMeter({ common, now, write }),
});
