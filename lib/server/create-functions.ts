import type { Context } from 'aws-lambda';
import { createAccess } from '../../lambda/auth/create-access.ts';
import { describeError, lineLog, logFrom, type Meter } from '../../lambda/http/log.ts';
import { createServe } from '../../lambda/serve/create-serve.ts';
import { Observer } from '../../lambda/serve/observer.ts';
import { resolveRestricted } from '../../lambda/serve/restricted-release.ts';
import { measureTask } from '../api/routes.ts';
import { type Handlers, oneAtATime } from '../local/gateway/start-gateway.ts';
import { locateBucket } from '../store/read/bucket-location.ts';
import { createPresign } from '../store/read/presign.ts';
import { createBucketReader } from '../store/read/reader.ts';
import type { PublishSide } from './publish-side.ts';
import type { ServerSettings } from './settings.ts';
import { type StoreAccess, storeProbe } from './store-access.ts';

/** What the metrics and the lines of the log name the service. */
const service = 'nix-channel-server';

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
  readonly close: () => Promise<void>;
}

/** The functions that the stack ships, in this process. */
export function createFunctions(options: FunctionsOptions): Functions {
  const { settings, keys, request, now, write, meter } = options;
  const { baseUrl, channelMaxAgeMs, presignLifetimeSeconds, trackedChannels } = settings;
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
  let loaded: Promise<PublishSide> | undefined;
  // Most workers never publish, and it is a third of the code.
  const loadPublish = (): Promise<PublishSide> => {
    loaded ??= import('./publish-side.ts').then(({ openPublishSide }) =>
      openPublishSide({ settings, keys, presign, service, write, meter, now }),
    );
    return loaded;
  };
  const publish: PublishSide['publish'] = async (event, context) => (await loadPublish()).publish(event, context);
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
    close: async () => (await loaded)?.close(),
  };
}
