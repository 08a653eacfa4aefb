import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import { createAccess } from '../../lambda/auth/create-access.ts';
import { createMeter, describeError, lineLog } from '../../lambda/http/log.ts';
import { openKeys } from '../../lambda/http/open-keys.ts';
import { createPublishFunction, type PublishFunction } from '../../lambda/publish/create-publish.ts';
import { createServe } from '../../lambda/serve/create-serve.ts';
import { Observer } from '../../lambda/serve/observer.ts';
import { resolveRestricted } from '../../lambda/serve/restricted-release.ts';
import { measureTask } from '../api/routes.ts';
import { catalogKey } from '../domain/catalog.ts';
import { retiredTag } from '../domain/store.ts';
import { type BucketLocation, locateBucket } from '../store/read/bucket-location.ts';
import { createDelivery, type Delivery } from '../store/read/delivery.ts';
import { createPresign, fixedKeys, type StoreKeys } from '../store/read/presign.ts';
import { createBucketReader } from '../store/read/reader.ts';
import type { RequestFunction } from '../store/read/request.ts';
import { openBucket } from '../store/write/open.ts';
import { statusOf } from '../store/write/s3-requests.ts';
import { type CredentialProvider, chainKeys } from './chain-keys.ts';
import { type Edge, startEdge } from './edge/start-edge.ts';
import type { Publisher } from './gateway/authorize.ts';
import { type Answered, oneAtATime, startGateway } from './gateway/start-gateway.ts';
import { type LocalSettings, localPublisher, type RealStore } from './local-settings.ts';
import { loadPublisher } from './publisher-keys.ts';
import { startS3 } from './s3/server.ts';

/** Creates the bucket if it does not exist. */
async function ensureBucket(client: S3Client, region: string, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    const elsewhere = region === 'us-east-1' ? undefined : (region as BucketLocationConstraint);
    await client.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ...(elsewhere === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: elsewhere } }),
      }),
    );
  }
}

interface SystemOptions {
  readonly settings: LocalSettings;
  /** Sends the functions' requests to the server at this endpoint. */
  readonly requestTo: (endpoint: string) => RequestFunction;
  /** Finds the credentials of a real store that is given none. */
  readonly findCredentials: CredentialProvider;
  readonly now: () => number;
  /** Called with each line that the functions log. */
  readonly write: (line: string) => void;
  /** Called with each answer of the API. */
  readonly onAnswer?: (answered: Answered) => void;
}

export interface LocalSystem {
  /** The URL at which the API listens. */
  readonly origin: string;
  /** The start of the URLs that the functions return. */
  readonly baseUrl: string;
  /** The URL of the bucket's server. */
  readonly endpoint: string;
  /** The URL of the stand-in for CloudFront, if downloads come from there. */
  readonly edge: string | undefined;
  /** The keys that may publish. */
  readonly publisher: Publisher;
  /** Whether the bucket has a catalog, and so is not new. */
  readonly hasCatalog: () => Promise<boolean>;
  /** Starts to serve readers. Before, they get 503 with Retry-After. */
  readonly open: () => void;
  /** Measures all channels, as the schedule does. A failure is logged. */
  readonly measure: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The dimension of its metrics; a stack has its name there. */
const service = 'local';
/** As often as the stack's schedule. */
const measureIntervalMs = 300_000;

interface RunningStore extends RealStore {
  /** Does what the lifecycle of a bucket on AWS does to retired releases. A real store has a lifecycle of its own. */
  readonly deleteRetired: () => readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * The host of the bucket is `localhost`, that of the API is 127.0.0.1: netrc matches by host name only, and S3 refuses a
 * presigned request that has credentials as well.
 */
async function startStore(
  { settings, now }: SystemOptions,
  { region, ...credentials }: Publisher,
  onlyDirect: boolean,
): Promise<RunningStore> {
  if (settings.store !== undefined) return { ...settings.store, deleteRetired: () => [], close: async () => {} };
  const { port, deleteTagged, close } = await startS3({
    dataDir: settings.dataDir,
    port: settings.s3Port,
    hosts: ['127.0.0.1', '::1'],
    credentials: (id) => (id === credentials.accessKeyId ? credentials.secretAccessKey : undefined),
    region,
    clock: () => new Date(now()),
    onlyDirect,
  });
  const deleteRetired = (): readonly string[] => deleteTagged(retiredTag);
  return { endpoint: `http://localhost:${port}`, region, credentials, deleteRetired, close };
}

interface RunningDelivery {
  readonly edge: Edge;
  readonly delivery: Delivery;
}

/** A stand-in for CloudFront, and what signs its URLs, with a key pair that nobody else has. */
async function startDelivery(
  { settings, now }: SystemOptions,
  bucket: BucketLocation,
  keys: StoreKeys,
): Promise<RunningDelivery | undefined> {
  if (settings.delivery === 'bucket') return undefined;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { id: 'KLOCAL', privateKey };
  const find = (id: string) => (id === key.id ? publicKey : undefined);
  const edge = await startEdge({ port: settings.edgePort, bucket, keys, publicKey: find, now });
  const signing = { get: () => key, generation: () => 0 };
  return { edge, delivery: createDelivery({ origin: edge.origin, keys: signing, now }) };
}

/** The whole system on localhost: the stack's functions behind stand-ins for the gateway and the bucket. */
export async function startSystem(options: SystemOptions): Promise<LocalSystem> {
  const { settings, requestTo, findCredentials, now, write, onAnswer } = options;
  const { bucket, channelMaxAge, presignLifetime, conditionalWrites, partChecksum, trackedChannels, jwt } = settings;
  const log = lineLog(write);
  const meter = createMeter({ now, write });
  const observer = new Observer({ service, trackedChannels, stopwatch: () => performance.now(), meter, log });
  const { onStale } = observer.tally;
  const common = { service, function: 'publish' };
  let publish: PublishFunction | undefined;
  const publisher = settings.publisher ?? loadPublisher(settings.dataDir);
  const onlyDirect = publisher.secretAccessKey === localPublisher.secretAccessKey;
  const store = await startStore(options, publisher, onlyDirect);
  let running: RunningDelivery | undefined;
  try {
    const { endpoint, region, pathStyle, credentials, secret } = store;
    const address = { bucket, endpoint, region, pathStyle };
    const request: RequestFunction = (asked) => requestTo(asked.url)(asked);
    const own = credentials === undefined ? await chainKeys(findCredentials) : fixedKeys(credentials);
    const keys = await openKeys({ own, secret, request, now, log });
    const tagReleases = settings.store === undefined;
    const { client, writer, guards } = openBucket({
      ...address,
      keys,
      conditionalWrites,
      partChecksum,
      tagReleases,
      now,
    });
    await ensureBucket(client, region, bucket);
    const location = locateBucket(address);
    running = await startDelivery(options, location, keys);
    const presign = createPresign(location, keys, now);
    const reader = observer.tally.watch(createBucketReader(requestTo(endpoint), presign, keys));
    const tokens = jwt && {
      access: createAccess({ settings: jwt, reader, request, maxAgeMs: channelMaxAge, now, log, onStale }),
      resolveRestricted,
    };
    const gateway = await startGateway({
      port: settings.port,
      publisher,
      onlyDirect,
      now,
      ...(onAnswer === undefined ? {} : { onAnswer }),
      handlers: (origin) => {
        const baseUrl = settings.baseUrl ?? origin;
        const reading = { reader, delivery: running?.delivery, baseUrl, channelMaxAge, presignLifetime, tokens };
        const serve = createServe({ ...reading, now, log, observer });
        publish = createPublishFunction({
          bucket: writer,
          guards: settings.store && guards,
          presign,
          partChecksum,
          baseUrl,
          bucketAddress: address,
          retiredDays: settings.retiredDays,
          trackedChannels,
          now,
          sleep,
          log: lineLog(write, common),
          meter: createMeter({ common, now, write }),
        });
        return { serve: serve.handler, publish: conditionalWrites === 'serialised' ? oneAtATime(publish) : publish };
      },
    });
    const measure = async (): Promise<void> => {
      await publish?.(measureTask, {} as Context).catch((error: unknown) =>
        log('error', 'not measured', { error: describeError(error) }),
      );
      for (const key of store.deleteRetired()) log('info', 'deleted', { ...common, key });
    };
    const schedule = setInterval(measure, measureIntervalMs).unref();
    return {
      origin: gateway.origin,
      baseUrl: settings.baseUrl ?? gateway.origin,
      endpoint: store.endpoint,
      edge: running?.edge.origin,
      publisher,
      hasCatalog: async () => (await reader.readText(catalogKey)) !== 'absent',
      open: gateway.open,
      measure,
      close: async () => {
        clearInterval(schedule);
        await gateway.close();
        await running?.edge.close();
        client.destroy();
        await store.close();
      },
    };
  } catch (error) {
    await running?.edge.close();
    await store.close();
    throw error;
  }
}
