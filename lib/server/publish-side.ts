import { setTimeout as sleep } from 'node:timers/promises';
import { lineLog, logFrom, type Meter } from '../../lambda/http/log.ts';
import { createPublishFunction } from '../../lambda/publish/create-publish.ts';
import type { createPresign, StoreKeys } from '../store/read/presign.ts';
import { openBucket } from '../store/write/open.ts';
import type { ServerSettings } from './settings.ts';

interface PublishSideOptions {
  readonly settings: ServerSettings;
  readonly keys: StoreKeys;
  readonly presign: ReturnType<typeof createPresign>;
  readonly service: string;
  readonly write: (line: string) => void;
  readonly meter: Meter;
  readonly now: () => number;
}

export interface PublishSide {
  readonly publish: ReturnType<typeof createPublishFunction>;
  readonly close: () => void;
}

/** What publishes, with its own client of the store: a worker loads this module when it is first needed. */
export function openPublishSide(options: PublishSideOptions): PublishSide {
  const { settings, keys, presign, service, write, meter, now } = options;
  const { baseUrl, partChecksum, logLevel, retiredDays, trackedChannels } = settings;
  const common = { service, function: 'publish' };
  const { client, writer, guards } = openBucket({ ...settings, keys, tagReleases: false, now });
  const publish = createPublishFunction({
    bucket: writer,
    guards,
    presign,
    partChecksum,
    baseUrl,
    bucketAddress: settings,
    retiredDays,
    trackedChannels,
    now,
    sleep,
    log: logFrom(logLevel, lineLog(write, common)),
    meter: (values, fields) => meter(values, { ...fields, ...common }),
  });
  return { publish, close: () => client.destroy() };
}
