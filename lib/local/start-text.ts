import { join } from 'node:path';
import { BadSetting, Problem } from '../domain/problem.ts';
import { keysFile } from './data-dir.ts';
import type { LocalSettings } from './local-settings.ts';
import type { LocalSystem } from './start-system.ts';

/** Variables of the shell that would come before the local publisher's keys. */
const rivals = ['AWS_PROFILE', 'AWS_SESSION_TOKEN'] as const;

/**
 * What to do next, to be copied into another shell.
 *
 * @param settings where `demo` is whether the channel leads to a release now
 */
export function startText(
  { origin, baseUrl, endpoint, publisher }: Pick<LocalSystem, 'origin' | 'baseUrl' | 'endpoint' | 'publisher'>,
  settings: LocalSettings,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const { demo, bucket, dataDir, store, jwt } = settings;
  // A secret that somebody chose is known to them, and not printed.
  const [id, secret] = environment.PUBLISHER_SECRET_ACCESS_KEY
    ? ['"$PUBLISHER_ACCESS_KEY_ID"', '"$PUBLISHER_SECRET_ACCESS_KEY"']
    : [publisher.accessKeyId, publisher.secretAccessKey];
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
    `  export AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret} AWS_REGION=${publisher.region}`,
    '  npm run -s channelctl -- list',
    ...(demo ? ['  npm run -s channelctl -- publish demo FILE.tar.xz'] : ['  npm run -s channelctl -- add CHANNEL']),
    ...(settings.publisher === undefined
      ? ['', `These keys were made for this service, and are kept in ${join(dataDir, keysFile)}.`]
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

/** What S3 said. A refused HEAD has no body, so of that the SDK knows the status alone. */
function cause({ code, name, message, $metadata }: StartFailure): string {
  const status = $metadata?.httpStatusCode;
  const said = [code, name, message].filter((part) => part && !/^Unknown(?:Error)?$/.test(part)).join(': ');
  return said || (status === undefined ? 'no reason was given' : `it answers ${status}`);
}

/** Why the local system did not start, in one line where it is not a defect. */
export function explainStart(error: unknown): string {
  if (error instanceof BadSetting || error instanceof Problem) return error.message;
  const { code, port, message, stack, $metadata } = error as StartFailure;
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken: end what listens there, or choose another by PORT (the API) or S3_PORT (the bucket).`;
  if (code === 'EACCES' && port !== undefined)
    return `Port ${port} may not be used by you: choose another by PORT or S3_PORT.`;
  if (code === 'ELOCKED' || code === 'EACCES' || code === 'ENOSPC') return message;
  if ($metadata !== undefined || code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `The bucket cannot be used (${cause(error as StartFailure)}): check S3_ENDPOINT, S3_BUCKET and AWS_*.`;
  return stack ?? String(error);
}
