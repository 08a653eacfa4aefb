import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { accessStaleIfErrorMs } from '../../lib/store/read/cache.ts';
import type { Delivery } from '../../lib/store/read/delivery.ts';
import { ChannelDirectory } from '../../lib/store/read/directory.ts';
import type { BucketReader } from '../../lib/store/read/reader.ts';
import { named, ObjectFacts, PresignedUrls } from '../../lib/store/read/releases.ts';
import type { Access } from '../auth/scope.ts';
import { answerProblems } from '../http/answer-problems.ts';
import { describeError, type Log } from '../http/log.ts';
import { answerChannel, resolveChannel } from './channel.ts';
import type { FactsOf } from './documents/channel-facts.ts';
import { type Observation, type Observer, observeIntent, observeRefusal } from './observer.ts';
import { type ReadRequest, readRequest } from './read-request.ts';
import { answerPermanent, type Tokens } from './release.ts';
import { type Intent, respond, respondProblem } from './respond.ts';

/** A start must cost the same with twenty channels and with twenty thousand. */
const maxWarmedRecords = 16;
/** Lambda limits a start to ten seconds, and a request should not wait for the slowest record. */
const warmTimeoutMs = 1_500;

export async function warm(
  directory: Pick<ChannelDirectory, 'catalog' | 'record'>,
  access: Pick<Access, 'warm'> | undefined,
  log: Log,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, warmTimeoutMs);
  });
  const records = (async () => {
    const { channels } = await directory.catalog();
    await Promise.all([...channels].slice(0, maxWarmedRecords).map((channel) => directory.record(channel)));
  })();
  const settled = [records, access?.warm()].map((loading) =>
    loading?.catch((error: unknown) => log('warn', 'not warmed', { error: describeError(error) })),
  );
  await Promise.race([Promise.all(settled), timedOut]);
  clearTimeout(timer);
}

let loadedRare: Promise<typeof import('./rare.ts')> | undefined;
/** Kept: an `import` takes as long as an answer, even of what is loaded. */
const rare = (): Promise<typeof import('./rare.ts')> => {
  loadedRare ??= import('./rare.ts');
  return loadedRare;
};

interface ServeOptions {
  readonly reader: BucketReader;
  /** What signs the URLs that readers are sent to. Absent: the reader, so that they lead to the bucket itself. */
  readonly delivery?: Delivery | undefined;
  /** Origin, perhaps with a path, of every URL that is handed out. */
  readonly baseUrl: string;
  /** Milliseconds. */
  readonly channelMaxAge: number;
  /** Of the URLs that readers are sent to, in seconds; 900 by default. */
  readonly presignLifetime?: number;
  /** Absent: everybody may read everything. */
  readonly tokens?: Tokens | undefined;
  readonly now: () => number;
  readonly log: Log;
  readonly observer: Observer;
}

export interface Serve {
  readonly handler: (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;
  /** Loads the catalog and the first records. Never fails: what could not be loaded is loaded on first use. */
  readonly warm: () => Promise<void>;
}

export function createServe(options: ServeOptions): Serve {
  const { reader, delivery = reader, baseUrl, channelMaxAge, presignLifetime, tokens, now, log, observer } = options;
  const access = tokens?.access;
  const source = {
    reader,
    maxAgeMs: channelMaxAge,
    now,
    onBroken: (key: string, reason: string) => log('error', 'unreadable', { key, reason }),
    onStale: observer.tally.onStale,
  };
  const directory = new ChannelDirectory({
    ...source,
    catalogStaleIfErrorMs: access === undefined ? undefined : accessStaleIfErrorMs,
  });
  const objects = new ObjectFacts(reader);
  const urls = new PresignedUrls(delivery, now, presignLifetime);
  let factsOf: FactsOf | undefined;
  const findObject = (key: string) => objects.find(key, named);

  async function decide(request: ReadRequest, observation: Observation): Promise<Intent> {
    const { target } = request;
    if (target.kind === 'permanent')
      return answerPermanent(target.key, request, {
        ...{ directory, objects, urls, tokens, now, baseUrl, rare },
        maxAgeMs: channelMaxAge,
      });
    if (target.kind === 'index') {
      const { answerIndex } = await rare();
      return answerIndex(target.as, request, { directory, access, now, baseUrl });
    }
    const found = await resolveChannel(target, request, { directory, access });
    observation.channel = found.channel;
    const as = target.kind === 'named' ? target.as : found.page ? 'page' : 'latest';
    if (as === 'latest') return answerChannel(found, request, { findObject, now, baseUrl, rare });
    const { answerDocument, keepChannelFacts } = await rare();
    factsOf ??= keepChannelFacts(source);
    return answerDocument(found, as, request, { directory, access, findObject, factsOf, now, baseUrl });
  }

  const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>({ timeoutEarlyInMillis: 0 })
    .use(answerProblems(respondProblem, log))
    .handler(async (event) => {
      const observation = observer.of(event);
      try {
        const request = readRequest(event);
        const intent = await decide(request, observation);
        observeIntent(observation, intent);
        return respond(intent, baseUrl);
      } catch (error) {
        observeRefusal(observation, error);
        if (!/html/i.test(event.headers.accept ?? '')) throw error;
        return (await rare()).showProblem(error, event.headers, { directory, access, baseUrl });
      }
    });

  return {
    handler: observer.observe(handler as unknown as Serve['handler']),
    warm: () => warm(directory, access, log),
  };
}
