import { randomUUID } from 'node:crypto';
import type { ShownChannel } from '../../api/answers.ts';
import { channelPath } from '../../api/routes.ts';
import { Problem } from '../../domain/problem.ts';
import { ChannelApi, type ChannelApiOptions } from '../api/channel-api.ts';
import { noProgress } from '../text.ts';
import { publishFile } from './publish-file.ts';

interface Demo {
  readonly api: ChannelApiOptions;
  readonly channel: string;
  readonly path: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Adds the channel and publishes its first release as a publisher would, unless it already has one. */
export async function publishDemo({ api: options, channel, path, environment }: Demo): Promise<void> {
  const api = new ChannelApi(options);
  const shown = await api.get<ShownChannel>(channelPath(channel)).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
  if (shown?.latest !== undefined && shown.latest !== null) return;
  if (shown === undefined) await api.post('/publish/catalog', { operation: randomUUID(), channel });
  const { send, sleep } = options;
  await publishFile(
    { api, send, sleep, progress: noProgress, environment, now: Date.now, note: () => {} },
    { channel, path, name: undefined, facts: {}, force: false, dryRun: false },
  );
}

/** Whether a channel exists and has a release. */
export async function hasRelease(options: ChannelApiOptions, channel: string): Promise<boolean> {
  try {
    return (await new ChannelApi(options).get<ShownChannel>(channelPath(channel))).latest !== null;
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 410)) return false;
    throw error;
  }
}
