import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { BucketReader } from '../../lib/store/read/bucket-reader.ts';
import { ChannelDirectory } from '../../lib/store/read/channel-directory.ts';
import { ObjectFacts } from '../../lib/store/read/object-facts.ts';
import { PresignedUrls } from '../../lib/store/read/presigned-urls.ts';
import { answerProblems } from '../http/answer-problems.ts';
import type { Log } from '../http/log.ts';
import { answerChannel } from './answer-channel.ts';
import { answerPermanent } from './answer-permanent.ts';
import { findByFile, findChannel } from './find-channel.ts';
import type { Intent } from './intent.ts';
import { observeIntent } from './observe-intent.ts';
import type { Observation, Observer } from './observer.ts';
import { type ReadRequest, readRequest } from './read-request.ts';
import { respond, respondProblem } from './respond.ts';
import { warm } from './warm.ts';

export interface ServeOptions {
  readonly reader: BucketReader;
  /** Origin, perhaps with a path, of every URL that is handed out. */
  readonly baseUrl: string;
  /** Milliseconds. */
  readonly channelMaxAge: number;
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
  const { baseUrl, channelMaxAge, now, log, observer } = options;
  const reader = observer.tally.watch(options.reader);
  const directory = new ChannelDirectory({
    reader,
    maxAge: channelMaxAge,
    now,
    onBroken: (key, reason) => log('error', 'unreadable', { key, reason }),
    onStale: observer.tally.onStale,
  });
  const objects = new ObjectFacts(reader, now);
  const urls = new PresignedUrls(reader, now);
  const findObject = (key: string) => objects.find(key, () => true);

  async function decide(request: ReadRequest, observation: Observation): Promise<Intent> {
    const { target } = request;
    if (target.kind === 'permanent') return answerPermanent(target.key, request, { directory, objects, urls, now });
    const found =
      target.kind === 'legacy'
        ? { ...(await findChannel(directory, target.channel)), page: false }
        : await findByFile(directory, target.file);
    observation.channel = found.channel;
    return found.page ? { kind: 'show-channel', ...found } : answerChannel(found, request, { findObject, now });
  }

  const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>({ timeoutEarlyInMillis: 0 })
    .use(answerProblems(respondProblem, log))
    .handler(async (event) => {
      const observation = observer.of(event);
      const request = readRequest(event);
      const intent = await decide(request, observation);
      observeIntent(observation, request, intent);
      return respond(intent, baseUrl);
    });

  return { handler: observer.observe(handler as unknown as Serve['handler']), warm: () => warm(directory, log) };
}
