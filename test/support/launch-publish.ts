import { localPublisher } from '../../lib/local/local-settings.ts';
import { launch, type Started } from './launch.ts';
import type { TestSystem } from './test-system.ts';

/** What makes the command, as a process of its own, speak to a system of this process. */
export const publisherEnvironment = ({
  origin,
  directory,
}: Pick<TestSystem, 'origin' | 'directory'>): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: localPublisher.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localPublisher.secretAccessKey,
  AWS_REGION: localPublisher.region,
  CHANNELCTL_URL: origin,
  XDG_STATE_HOME: directory,
  TMPDIR: directory,
});

/** The command as a process of its own, publishing. */
export const launchPublish = (
  system: Pick<TestSystem, 'origin' | 'directory'>,
  channel: string,
  what: string,
  more: Readonly<Record<string, string>> = {},
  ...flags: readonly string[]
): Started =>
  launch(process.execPath, ['bin/channelctl.ts', 'publish', channel, what, ...flags], {
    ...publisherEnvironment(system),
    ...more,
  });
