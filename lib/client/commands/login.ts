import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidInput } from '../../domain/problem.ts';
import { isWritable, readHidden, readText } from '../files.ts';
import { type NetrcUpdate, updateNetrc } from '../netrc/edit.ts';
import { findNetrc, netrcHost, systemNetrc, userConfig, userNetrc } from '../netrc/find.ts';
import { isLoopback, parseReaderUrl } from '../reader/reader-url.ts';
import { tokenWarnings } from '../token/inspect.ts';
import { longestPassword, readToken } from '../token/read-token.ts';
import { type AddCommand, dryRunOption, type Globals, type ProgramOptions, print } from './context.ts';

interface LoginFlags extends Globals {
  readonly token: string;
  readonly netrc?: string;
  readonly login: string;
  readonly dryRun?: boolean;
}

const deeds = { added: 'added to', changed: 'changed in', unchanged: 'is so already in' } as const;
const rehearsed = {
  added: 'would be added to',
  changed: 'would be changed in',
  unchanged: 'is so already in',
} as const;

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

function updateWarnings(url: URL, { hasDefault, narrowed, isShared }: NetrcUpdate): string[] {
  const { hostname, port, protocol } = url;
  return [
    ...(protocol === 'http:' && !isLoopback(url) ? [`Over http everybody on the way reads the token: use https.`] : []),
    ...(port === '' ? [] : [`netrc knows no ports: whatever listens on ${hostname} gets this token.`]),
    ...(hasDefault
      ? [
          'The file has a "default" entry, which goes to every other host, the bucket among them; S3 refuses a presigned URL that comes with credentials. Replace it with one machine entry per host.',
        ]
      : []),
    ...(isShared ? ['Others on this machine can read the file, and so the token.'] : []),
    ...(narrowed === undefined
      ? []
      : [
          `The file's mode was ${octal(narrowed.from)}; it becomes ${octal(narrowed.to)}, so that only its owner reads it.`,
        ]),
  ];
}

interface Place {
  readonly path: string;
  /** Whether Nix, run by this user, sends credentials from it already. */
  readonly isRead: boolean;
}

/** The file that Nix reads, where this user may write it; otherwise one that Nix can be told to read. */
async function placeOf(given: string | undefined, environment: ProgramOptions['environment']): Promise<Place> {
  const { path: read } = await findNetrc(undefined, environment);
  const path = resolve(given ?? ((await isWritable(read)) ? read : userNetrc(environment)));
  return { path, isRead: path === read };
}

/** For a shell of POSIX. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function settingText({ path, isRead }: Place, environment: ProgramOptions['environment']): string {
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
    'Flake inputs, fetchTarball and nix-channel are fetched by your own Nix, which takes that. What the daemon downloads itself takes the',
    `"netrc-file" of /etc/nix/nix.conf (${systemNetrc({})} by default); it ignores yours unless you are in "trusted-users".`,
  ].join('\n');
}

async function login(options: ProgramOptions, text: string, flags: LoginFlags): Promise<void> {
  const { environment, err, stdin, now, sleep } = options;
  const { login: name, dryRun = false } = flags;
  const { url } = parseReaderUrl(text);
  if (!/^[A-Za-z0-9._@+-]{1,64}$/.test(name))
    throw new InvalidInput('login', 'The login must be 1 to 64 letters, digits and ". _ @ + -".');
  const token = readToken(
    flags.token === '-' && stdin?.isTTY === true
      ? await readHidden('Token (not shown), then Enter: ', stdin, err)
      : await readText(flags.token, stdin, 'The file of --token'),
  );
  if (token.text.length > longestPassword)
    throw new InvalidInput(
      'token',
      `The token is over ${longestPassword} characters long: curl, and so Nix, drops it silently.`,
    );
  const place = await placeOf(flags.netrc, environment);
  const { path } = place;
  const host = netrcHost(url);
  const ofSystem = path === systemNetrc(environment);
  const update = await updateNetrc(path, { host, login: name, password: token.text }, { dryRun, ofSystem, sleep });
  for (const warning of [...tokenWarnings(token, now() / 1_000), ...updateWarnings(url, update)])
    err(`warning: ${warning}\n`);
  const result = { netrc: path, host, login: name, status: update.status, setting: `netrc-file = ${path}` };
  const deed = (dryRun ? rehearsed : deeds)[update.status];
  const done = `${dryRun ? 'dry run: ' : ''}the entry of ${host} ${deed} ${path}`;
  print(options, flags, result, `${done}\n${settingText(place, environment)}`);
}

export const loginCommand: AddCommand = (program, options) => {
  program
    .command('login <url>')
    .description("put a reader's token into the netrc file that Nix sends it from")
    .option('--token <file>', 'where the token is; - is standard input, which a terminal does not show', '-')
    .option(
      '--netrc <file>',
      "the netrc file; otherwise the one that Nix reads, or nix/netrc beside the user's nix.conf",
    )
    .option('--login <name>', 'user name beside it; the service takes any', 'token')
    .option(...dryRunOption)
    .action((url: string, _: unknown, command: Command) => login(options, url, command.optsWithGlobals<LoginFlags>()));
};
