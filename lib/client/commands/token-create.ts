import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { InvalidInput } from '../../domain/problem.ts';
import { fileProblem, readText, writeFileWhole } from '../files.ts';
import { checkClaims, readPrivateKey, signToken } from '../token/keys.ts';
import { lengthWarnings, longestPassword } from '../token/read-token.ts';
import { type AddCommand, count, day, type Globals, listOf, maxDays, moment, type ProgramOptions } from './context.ts';

interface CreateFlags extends Globals {
  readonly key: string;
  readonly channels?: readonly string[];
  readonly allChannels?: boolean;
  readonly days: number;
  readonly subject: string;
  readonly audience?: string;
  readonly issuer?: string;
  readonly id?: string;
  readonly notBefore?: number;
  readonly out?: string;
  readonly force?: boolean;
}

function days(text: string): number {
  const value = count(text);
  if (value < 1 || value > maxDays) throw new InvalidArgumentError(`It must be a number of days from 1 to ${maxDays}.`);
  return value;
}

async function warnOfMode(path: string, err: ProgramOptions['err']): Promise<void> {
  if (path === '-') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    err(`warning: others than you can read or write ${path}, and so make tokens: chmod 600 ${path}\n`);
}

/** `--all-channels` is asked for by name, so that nobody gets everything by forgetting an option. */
function channelsOf({ channels, allChannels = false }: CreateFlags): readonly string[] | undefined {
  if (allChannels === (channels !== undefined))
    throw new InvalidInput('channels', 'Give --channels, with names and globs of channels, or --all-channels.');
  return channels;
}

async function createToken(options: ProgramOptions, flags: CreateFlags): Promise<void> {
  const { out, err, stdin, now } = options;
  const { key: keyFile, subject, audience, issuer, notBefore, id, out: file, force: replace = false } = flags;
  const channels = channelsOf(flags);
  const iat = Math.floor(now() / 1_000);
  const claims = {
    sub: subject,
    jti: id ?? randomBytes(12).toString('base64url'),
    iat,
    nbf: notBefore,
    exp: iat + flags.days * day,
    aud: audience,
    iss: issuer,
    channels,
  };
  checkClaims(claims);
  const pem = await readText(keyFile, stdin);
  const token = signToken(claims, readPrivateKey(pem, keyFile));
  if (token.length > longestPassword)
    throw new InvalidInput(
      'token',
      `The token would be ${token.length} characters long, and curl drops passwords over ${longestPassword} silently: name fewer channels, or use globs.`,
    );
  await warnOfMode(keyFile, err);
  for (const warning of lengthWarnings(token.length)) err(`warning: ${warning}\n`);
  if (channels === undefined)
    err("note: it names no channels, so the service's setting decides (JWT_DEFAULT_SCOPE: all, or none).\n");
  const { jti, exp } = claims;
  const facts = { jti, exp, length: token.length };
  if (file !== undefined)
    await writeFileWhole(file, { content: `${token}\n`, mode: 0o600, replace }).catch((error) => {
      throw fileProblem('written', file, error);
    });
  err(`id ${jti}; expires ${new Date(exp * 1_000).toISOString()}\n`);
  if (flags.json === true) out(`${JSON.stringify(file === undefined ? { token, ...facts } : { file, ...facts })}\n`);
  else if (file === undefined) out(`${token}\n`);
}

export const tokenCreateCommand: AddCommand = (token, options) => {
  token
    .command('create')
    .description('sign a token for a reader, on this machine alone')
    .requiredOption('--key <file>', 'the private key (channelctl token keygen)')
    .option('--channels <globs>', 'names and globs of channels that it opens, joined by commas', listOf)
    .option('--all-channels', "name no channels: the service's setting decides, all or none")
    .requiredOption('--days <count>', `how long it is good, 1 to ${maxDays}`, days)
    .requiredOption('--subject <name>', 'who gets it; tokens can be revoked by it')
    .option('--audience <name>', 'which service it is for')
    .option('--issuer <name>', 'who makes it')
    .option('--id <id>', 'by which it can be revoked; random otherwise')
    .option('--not-before <date>', 'not good before', moment)
    .option('--out <file>', 'write it to a file that only you can read; standard output otherwise')
    .option('--force', 'write over a file that is there')
    .action((_: unknown, command: Command) => createToken(options, command.optsWithGlobals<CreateFlags>()));
};
