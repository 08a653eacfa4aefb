import { type LocalSettings, localPublisher } from './local-settings.ts';
import type { LocalSystem } from './start-system.ts';

/** Variables of the shell that would come before the local publisher's keys. */
const rivals = ['AWS_PROFILE', 'AWS_SESSION_TOKEN'] as const;

/** What to do next, to be copied into another shell. */
export function startText(
  { origin, baseUrl, endpoint }: Pick<LocalSystem, 'origin' | 'baseUrl' | 'endpoint'>,
  { demo, bucket, dataDir, store, jwt }: LocalSettings,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const unset = rivals.filter((name) => environment[name]);
  const lines = [
    '',
    `The API listens on ${origin}, the bucket is "${bucket}" at ${endpoint}${store === undefined ? ` (kept in ${dataDir})` : ''}.`,
    '',
    ...(demo && jwt === undefined
      ? ['Lock the channel with Nix:', `  nix flake metadata ${baseUrl}/channel/demo.tar.xz`, '']
      : []),
    ...(jwt === undefined
      ? []
      : [
          'Channels are private. Read them with a token in the netrc file, or open one to everybody:',
          '  npm run -s channelctl -- token create --help',
          `  npm run -s channelctl -- login ${baseUrl}`,
          '  npm run -s channelctl -- set CHANNEL --visibility public',
          '',
        ]),
    'Publish, in another shell:',
    ...(unset.length > 0 ? [`  unset ${unset.join(' ')}`] : []),
    `  export CHANNELCTL_URL=${origin}`,
    `  export AWS_ACCESS_KEY_ID=${localPublisher.accessKeyId} AWS_SECRET_ACCESS_KEY=${localPublisher.secretAccessKey} AWS_REGION=${localPublisher.region}`,
    '  npm run -s channelctl -- list',
    ...(demo ? ['  npm run -s channelctl -- publish demo FILE.tar.xz'] : ['  npm run -s channelctl -- add CHANNEL']),
    '',
    'Ctrl-C ends it.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}
