import { basename, delimiter, dirname, join } from 'node:path';
import { BadSetting, Problem } from '../domain/problem.ts';
import { keysFile } from './data-dir.ts';
import type { LocalSettings } from './local-settings.ts';
import type { LocalSystem } from './start-system.ts';

/** Variables that would override the local publisher's keys. */
const overridingVariables = ['AWS_PROFILE', 'AWS_SESSION_TOKEN'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether this is `npm start` in a checkout, and not a program of the npm package. */
export const isCheckout = (script: string): boolean => script.endsWith('.ts');

/**
 * How another shell runs channelctl, beside the script that runs here: in a checkout, by npx, or as installed.
 *
 * @param script an absolute path, as in `process.argv`
 */
export function channelctlCommand(script: string, { npm_lifecycle_event, PATH = '' }: Environment): string {
  if (isCheckout(script)) return 'npm run -s channelctl --';
  if (npm_lifecycle_event === 'npx') return 'npx -p nix-channel-lambda channelctl';
  const folder = dirname(script);
  if (basename(script) === 'local.js') return `node ${shellWord(join(folder, 'channelctl.js'))}`;
  return PATH.split(delimiter).includes(folder) ? 'channelctl' : shellWord(join(folder, 'channelctl'));
}

const shellWord = (text: string): string => (/^[\w/.@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/**
 * The next steps, to be copied into another shell.
 *
 * @param settings with `demo` true only if the demo channel has a release
 * @param channelctl how that shell runs channelctl
 */
export function startText(
  { origin, baseUrl, endpoint, edge, publisher }: Omit<LocalSystem, 'hasCatalog' | 'open' | 'measure' | 'close'>,
  settings: LocalSettings,
  environment: Environment,
  channelctl: string,
): string {
  const { demo, bucket, dataDir, store, jwt } = settings;
  // The operator knows a secret from the environment, so it is not printed.
  const [id, secret] = environment.PUBLISHER_SECRET_ACCESS_KEY
    ? ['"$PUBLISHER_ACCESS_KEY_ID"', '"$PUBLISHER_SECRET_ACCESS_KEY"']
    : [publisher.accessKeyId, publisher.secretAccessKey];
  const unset = overridingVariables.filter((name) => environment[name]);
  const lines = [
    '',
    `The API listens on ${origin}, the bucket is "${bucket}" at ${endpoint}${store === undefined ? ` (stored in ${dataDir})` : ''}.`,
    ...(edge === undefined ? [] : [`Downloads come from a stand-in for CloudFront at ${edge}, by signed URLs.`]),
    '',
    ...(demo && jwt === undefined
      ? ['To lock the channel with Nix, run:', `  nix flake metadata ${baseUrl}/channel/demo.tar.xz`, '']
      : []),
    ...(jwt === undefined
      ? []
      : [
          'Channels are private. To read them, put a token into the netrc file, or make a channel public:',
          `  ${channelctl} token create --help`,
          `  ${channelctl} login ${baseUrl}`,
          `  ${channelctl} set CHANNEL --visibility public`,
          '',
        ]),
    'To publish, run in another shell:',
    ...(unset.length > 0 ? [`  unset ${unset.join(' ')}`] : []),
    `  export CHANNELCTL_URL=${origin}`,
    `  export AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret} AWS_REGION=${publisher.region}`,
    `  ${channelctl} list`,
    `  ${channelctl} ${demo ? 'publish demo FILE.tar.xz' : 'add CHANNEL'}`,
    ...(settings.publisher === undefined
      ? ['', `These keys were generated for this service, and are stored in ${join(dataDir, keysFile)}.`]
      : []),
    '',
    'Ctrl-C ends it.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

interface StartFailure extends NodeJS.ErrnoException {
  readonly port?: number;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The error of S3. A refused HEAD request has no body, so the SDK knows only its status. */
function causeOf({ code, name, message, $metadata }: StartFailure): string {
  const status = $metadata?.httpStatusCode;
  const text = [code, name, message].filter((part) => part && !/^Unknown(?:Error)?$/.test(part)).join(': ');
  return text || (status === undefined ? 'unknown reason' : `status ${status}`);
}

const portSettings = 'PORT (the API), S3_PORT (the bucket) or EDGE_PORT (the stand-in for CloudFront)';

/** Why the local system did not start: one line, or the stack of a defect. */
export function explainStart(error: unknown): string {
  if (error instanceof BadSetting || error instanceof Problem) return error.message;
  const { code, port, message, stack, $metadata } = error as StartFailure;
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use: stop the program that listens there, or set ${portSettings}.`;
  if (code === 'EACCES' && port !== undefined)
    return `Permission denied for port ${port}: set ${portSettings} to another.`;
  if (code === 'ELOCKED' || code === 'EACCES' || code === 'ENOSPC') return message;
  if ($metadata !== undefined || code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `Cannot access the bucket (${causeOf(error as StartFailure)}): check S3_ENDPOINT, S3_BUCKET and AWS_*.`;
  return stack ?? String(error);
}
