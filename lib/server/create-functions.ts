import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { createAccess } from '../../lambda/auth/create-access.ts';
import { describeError, lineLog, logFrom, type Meter } from '../../lambda/http/log.ts';
import { createPublishFunction } from '../../lambda/publish/create-publish.ts';
import { createServe } from '../../lambda/serve/create-serve.ts';
import { Observer } from '../../lambda/serve/observer.ts';
import { resolveRestricted } from '../../lambda/serve/restricted-release.ts';
import { measureTask } from '../api/routes.ts';
import { catalogKey } from '../domain/catalog.ts';
import { type Handlers, oneAtATime } from '../local/gateway/start-gateway.ts';
import { locateBucket } from '../store/read/bucket-location.ts';
import { type Credentials, createPresign, type StoreKeys } from '../store/read/presign.ts';
import { type BucketReader, createBucketReader } from '../store/read/reader.ts';
import type { RequestFunction } from '../store/read/request.ts';
import { openBucket } from '../store/write/open.ts';
import type { ServerSettings } from './settings.ts';

/** What the metrics and the lines of the log name the service. */
const service = 'nix-channel-server';

/** Keys from the usual places of AWS. Those of a role are replaced from time to time; what they signed is then signed again. */
export function providedKeys(provide: () => Promise<Credentials>): StoreKeys {
  let last: string | undefined;
  let generation = 0;
  return {
    get: async () => {
      const credentials = await provide();
      if (last !== undefined && last !== credentials.accessKeyId) generation += 1;
      last = credentials.accessKeyId;
      return credentials;
    },
    generation: () => generation,
  };
}

interface StoreAccess {
  readonly settings: Pick<ServerSettings, 'bucket' | 'region' | 'endpoint' | 'pathStyle'>;
  readonly keys: StoreKeys;
  readonly request: RequestFunction;
  readonly now: () => number;
}

const openReader = ({ settings, keys, request, now }: StoreAccess): BucketReader =>
  createBucketReader(request, createPresign(locateBucket(settings), keys, now), keys);

/** Reads the catalog once. Throws where the store does not answer; a bucket without a catalog is in order. */
export const checkStore = async (access: StoreAccess): Promise<void> => {
  await openReader(access).readText(catalogKey);
};

/** Milliseconds for which an answer about the store holds, so that probes do not become load. */
const probeMaxAgeMs = 2_000;

/** Whether the store answers now, asked for the catalog. */
function storeProbe(reader: BucketReader, now: () => number): () => Promise<boolean> {
  let etag: string | undefined;
  let last: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      const found = await reader.readText(catalogKey, etag);
      if (typeof found !== 'string') etag = found.etag;
      return true;
    } catch {
      return false;
    }
  };
  return () => {
    if (last === undefined || now() - last.at >= probeMaxAgeMs) last = { at: now(), answer: ask() };
    return last.answer;
  };
}

interface FunctionsOptions extends StoreAccess {
  readonly settings: ServerSettings;
  /** Where the functions' lines go. */
  readonly write: (line: string) => void;
  /** Takes what they count, with the line of the log that says it. */
  readonly meter: Meter;
}

export interface Functions {
  readonly handlers: Handlers;
  /** Loads the catalog and the first records. Never fails. */
  readonly warm: () => Promise<void>;
  readonly isStoreReady: () => Promise<boolean>;
  /** Measures the channels, as the stack's schedule does. A failure is logged. */
  readonly measure: () => Promise<void>;
  readonly close: () => void;
}

/** The functions that the stack ships, in this process. */
export function createFunctions(options: FunctionsOptions): Functions {
  const { settings, keys, request, now, write, meter } = options;
  const { baseUrl, channelMaxAgeMs, presignLifetimeSeconds, partChecksum, trackedChannels } = settings;
  const log = logFrom(settings.logLevel, lineLog(write));
  const observer = new Observer({ service, trackedChannels, stopwatch: () => performance.now(), meter, log });
  const { onStale } = observer.tally;
  const presign = createPresign(locateBucket(settings), keys, now);
  const plainReader = createBucketReader(request, presign, keys);
  const reader = observer.tally.watch(plainReader);
  const access =
    settings.jwt &&
    createAccess({ settings: settings.jwt, reader, request, maxAgeMs: channelMaxAgeMs, now, log, onStale });
  const serve = createServe({
    reader,
    baseUrl,
    channelMaxAge: channelMaxAgeMs,
    presignLifetime: presignLifetimeSeconds,
    tokens: access && { access, resolveRestricted },
    now,
    log,
    observer,
  });
  const common = { service, function: 'publish' };
  const publishLog = logFrom(settings.logLevel, lineLog(write, common));
  const { client, writer, guards } = openBucket({ ...settings, keys, tagReleases: false, now });
  const publish = createPublishFunction({
    bucket: writer,
    guards,
    presign,
    partChecksum,
    baseUrl,
    bucketAddress: settings,
    retiredDays: settings.retiredDays,
    trackedChannels,
    now,
    sleep,
    log: publishLog,
    meter: (values, fields) => meter(values, { ...fields, ...common }),
  });
  return {
    handlers: {
      serve: serve.handler,
      publish: settings.conditionalWrites === 'serialised' ? oneAtATime(publish) : publish,
    },
    warm: serve.warm,
    isStoreReady: storeProbe(plainReader, now),
    measure: async () => {
      await publish(measureTask, {} as Context).catch((error: unknown) =>
        log('error', 'not measured', { error: describeError(error) }),
      );
    },
    close: () => client.destroy(),
  };
}
