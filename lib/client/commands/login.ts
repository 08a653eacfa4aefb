import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidInput } from '../../domain/problem.ts';
import { isLoopback } from '../../domain/urls.ts';
import { isWritable, readHidden, readText } from '../files.ts';
import { findNetrc, netrcHost, systemNetrc, userConfig, userNetrc } from '../netrc/find.ts';
import type { NetrcUpdate } from '../netrc/update.ts';
import { parseReaderUrl } from '../reader/reader-url.ts';
import {
  type AddCommand,
  dryRunOption,
  type Globals,
  helpEnding,
  type ProgramOptions,
  print,
  tokenDocs,
  would,
} from './context.ts';

interface LoginFlags extends Globals {
  readonly token: string;
  readonly netrc?: string;
  readonly login: string;
  readonly dryRun?: boolean;
}

const deeds = {
  added: { done: 'added to', would: 'would be added to' },
  changed: { done: 'changed in', would: 'would be changed in' },
  unchanged: { done: 'is already in', would: 'is already in' },
} as const;

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

function updateWarnings(url: URL, { hasDefault, narrowed, isShared }: NetrcUpdate): string[] {
  const { hostname, port, protocol } = url;
  return [
    ...(protocol === 'http:' && !isLoopback(url)
      ? ['Everybody on the way can read a token that is sent over http: use https.']
      : []),
    ...(port === '' ? [] : [`netrc entries have no port: every service on ${hostname} gets this token.`]),
    ...(hasDefault
      ? [
          'The file has a "default" entry, which is sent to every other host, also to the bucket; S3 refuses a presigned URL that comes with credentials. Replace it with one machine entry per host.',
        ]
      : []),
    ...(isShared ? ['Other users of this machine can read the file, and so the token.'] : []),
    ...(narrowed === undefined
      ? []
      : [
          `The file's mode was ${octal(narrowed.from)}; it becomes ${octal(narrowed.to)}, so that only its owner can read it.`,
        ]),
  ];
}

interface NetrcChoice {
  readonly path: string;
  /** Whether Nix, run by this user, already reads it. */
  readonly isRead: boolean;
}

/** The file that Nix reads if this user can write it, otherwise one that Nix can be told to read. */
async function chooseNetrc(
  given: string | undefined,
  environment: ProgramOptions['environment'],
): Promise<NetrcChoice> {
  const { path: read } = await findNetrc(undefined, environment);
  const path = resolve(given ?? ((await isWritable(read)) ? read : userNetrc(environment)));
  return { path, isRead: path === read };
}

/** For a POSIX shell. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function settingText({ path, isRead }: NetrcChoice, environment: ProgramOptions['environment']): string {
  const setting = `netrc-file = ${path}`;
  if (isRead && path === systemNetrc(environment)) return 'Nix reads this file.';
  return [
    ...(isRead
      ? ['Nix reads this file.']
      : [
          `Tell Nix to read it, in nix.conf (${join(userConfig(environment), 'nix.conf')}):`,
          `  ${setting}`,
          'or in one shell:',
          `  export NIX_CONFIG="$(printf '%s\\n%s' "$NIX_CONFIG" ${shellQuoted(setting)})"`,
        ]),
    'Your own Nix fetches flake inputs, fetchTarball and nix-channel, and uses that. For its own downloads the Nix daemon uses the',
    `"netrc-file" of /etc/nix/nix.conf (default: ${systemNetrc({})}); it ignores yours unless you are in "trusted-users".`,
  ].join('\n');
}

async function login(options: ProgramOptions, text: string, flags: LoginFlags): Promise<void> {
  const { environment, err, stdin, now, sleep } = options;
  const { login: name, dryRun = false } = flags;
  const { url } = parseReaderUrl(text);
  if (!/^[A-Za-z0-9._@+-]{1,64}$/.test(name))
    throw new InvalidInput('login', 'The login must be 1 to 64 letters, digits and ". _ @ + -".');
  const [{ readToken, tokenWarnings }, { longestPassword }, { updateNetrc }] = await Promise.all([
    import('../token/inspect.ts'),
    import('../netrc/parse.ts'),
    import('../netrc/update.ts'),
  ]);
  const token = readToken(
    flags.token === '-' && stdin?.isTTY === true
      ? await readHidden('Token (not shown), then Enter: ', stdin, err)
      : await readText(flags.token, stdin, 'The file of --token'),
  );
  if (token.text.length > longestPassword)
    throw new InvalidInput(
      'token',
      `The token is over ${longestPassword} characters long, and curl, which Nix uses, silently drops such passwords.`,
    );
  const choice = await chooseNetrc(flags.netrc, environment);
  const { path } = choice;
  const host = netrcHost(url);
  const isSystemFile = path === systemNetrc(environment);
  const update = await updateNetrc(path, { host, login: name, password: token.text }, { dryRun, isSystemFile, sleep });
  for (const warning of [...tokenWarnings(token, now() / 1_000), ...updateWarnings(url, update)])
    err(`warning: ${warning}\n`);
  const result = { netrc: path, host, login: name, status: update.status, setting: `netrc-file = ${path}` };
  const deed = deeds[update.status][dryRun ? 'would' : 'done'];
  const done = `${would(dryRun)}the entry of ${host} ${deed} ${path}`;
  print(options, flags, result, `${done}\n${settingText(choice, environment)}`);
}

export const loginCommand: AddCommand = (program, options) => {
  program
    .command('login <url>')
    .description("save a reader's token in the netrc file that Nix reads")
    .option('--token <file>', 'file with the token; - is standard input, and a terminal does not show it', '-')
    .option('--netrc <file>', 'the netrc file (default: the one that Nix reads, or netrc beside your own nix.conf)')
    .option('--login <name>', 'user name of the entry; the service accepts any', 'token')
    .option(...dryRunOption)
    .addHelpText('after', helpEnding(['channelctl login https://nix.example.org --token token'], tokenDocs))
    .action((url: string, _: unknown, command: Command) => login(options, url, command.optsWithGlobals<LoginFlags>()));
};
