import { access, stat } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { InvalidInput } from '../../domain/problem.ts';
import { ExitError, exitCodes } from '../exit-codes.ts';
import { fileExists, fileProblem, readText, type WholeFile, writeFileWhole } from '../files.ts';
import type { KeyAlgorithm } from '../token/keys.ts';
import {
  type AddCommand,
  count,
  day,
  type Globals,
  helpEnding,
  listOf,
  maxDays,
  moment,
  type ProgramOptions,
  print,
  tokenDocs,
} from './context.ts';
import { tokenRevocationsCommand, tokenRevokeCommand } from './token-revoke.ts';

const keyAlgorithms: readonly KeyAlgorithm[] = ['es256', 'eddsa', 'rs256'];

interface KeygenFlags extends Globals {
  readonly algorithm: KeyAlgorithm;
  readonly out: string;
  readonly force?: boolean;
}

const write = (path: string, file: WholeFile): Promise<unknown> =>
  writeFileWhole(path, file).catch((error) => {
    throw fileProblem('written', path, error);
  });

/** Checked before either file is written: the halves of two pairs beside each other would look like one pair. */
async function assertAbsent(...paths: readonly string[]): Promise<void> {
  for (const path of paths)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      throw fileExists(path);
}

const nextText = (privateFile: string, publicFile: string, kid: string): string =>
  [
    `private key  ${privateFile}: signs tokens; anyone who has it can read everything, so keep it where it is`,
    `public key   ${publicFile}: verifies tokens`,
    `key id       ${kid}: the kid of its tokens; to revoke them all: token revoke --kid, or --key FILE`,
    '',
    'Give the service the public key:',
    `  locally      JWT_PUBLIC_KEY_FILES=${publicFile} npm start (without a checkout: npx nix-channel-lambda)`,
    `  on AWS       npx cdk deploy -c jwtPublicKeyFiles=${publicFile}`,
    'Then create tokens:',
    `  channelctl token create --key ${privateFile} --channels 'nixos-*' --days 90 --subject ci`,
  ].join('\n');

const tokenKeygenCommand: AddCommand = (token, options) => {
  token
    .command('keygen')
    .description('create a key pair: the private key signs tokens, and the service verifies them with the public key')
    .addOption(new Option('--algorithm <name>', 'signature algorithm').choices(keyAlgorithms).default('es256'))
    .requiredOption('--out <file>', 'file for the private key; the public key goes to FILE.pub')
    .option('--force', 'overwrite existing files')
    .addHelpText('after', helpEnding(['channelctl token keygen --out nix-key'], tokenDocs))
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<KeygenFlags>();
      const { algorithm, out: privateFile, force: replace = false } = flags;
      const publicFile = `${privateFile}.pub`;
      if (!replace) await assertAbsent(privateFile, publicFile);
      const { newKeyPair } = await import('../token/keys.ts');
      const { privatePem, publicPem, keyId: kid } = newKeyPair(algorithm);
      await write(privateFile, { content: privatePem, mode: 0o600, replace });
      await write(publicFile, { content: publicPem, mode: 0o644, replace });
      print(options, flags, { algorithm, privateFile, publicFile, kid }, nextText(privateFile, publicFile, kid));
    });
};

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
    err(`warning: other users can read or write ${path}, and so create tokens: chmod 600 ${path}\n`);
}

/** `--all-channels` is required by name, so that a forgotten option does not give access to everything. */
function channelsOf({ channels, allChannels = false }: CreateFlags): readonly string[] | undefined {
  if (allChannels === (channels !== undefined))
    throw new InvalidInput('channels', 'Give --channels, with names and globs of channels, or --all-channels.');
  return channels;
}

async function createToken(options: ProgramOptions, flags: CreateFlags): Promise<void> {
  const { out, err, stdin, now } = options;
  const { key: keyFile, subject, audience, issuer, notBefore, id, out: file, force: replace = false } = flags;
  const channels = channelsOf(flags);
  const [{ checkClaims, readPrivateKey, signToken }, { lengthWarnings }, { longestPassword }] = await Promise.all([
    import('../token/keys.ts'),
    import('../token/inspect.ts'),
    import('../netrc/parse.ts'),
  ]);
  const iat = Math.floor(now() / 1_000);
  const claims = {
    sub: subject,
    jti: id ?? Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('base64url'),
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
      `The token would be ${token.length} characters long, and curl silently drops passwords over ${longestPassword}: name fewer channels, or use globs.`,
    );
  await warnOfMode(keyFile, err);
  for (const warning of lengthWarnings(token.length)) err(`warning: ${warning}\n`);
  if (channels === undefined)
    err("note: the token names no channels, so the service's setting decides (JWT_DEFAULT_SCOPE: all or none).\n");
  const { jti, exp } = claims;
  const facts = { jti, exp, length: token.length };
  if (file !== undefined) await write(file, { content: `${token}\n`, mode: 0o600, replace });
  err(`id ${jti}; expires ${new Date(exp * 1_000).toISOString()}\n`);
  if (flags.json === true) out(`${JSON.stringify(file === undefined ? { token, ...facts } : { file, ...facts })}\n`);
  else if (file === undefined) out(`${token}\n`);
}

const tokenCreateCommand: AddCommand = (token, options) => {
  token
    .command('create')
    .description('create a token for a reader; the private key stays on this machine')
    .requiredOption('--key <file>', 'the private key (channelctl token keygen)')
    .option(
      '--channels <globs>',
      'names and globs of the channels that it gives access to, separated by commas',
      listOf,
    )
    .option('--all-channels', "name no channels: the service's setting decides, all or none")
    .requiredOption('--days <count>', `how long it is valid, 1 to ${maxDays} days`, days)
    .requiredOption('--subject <name>', 'who gets the token; tokens can be revoked by it')
    .option('--audience <name>', 'the service that it is for')
    .option('--issuer <name>', 'the issuer of the token')
    .option('--id <id>', 'ID by which it can be revoked (default: random)')
    .option('--not-before <date>', 'not valid before this time', moment)
    .option('--out <file>', 'write it to a file that only you can read (default: standard output)')
    .option('--force', 'overwrite an existing file')
    .addHelpText(
      'after',
      helpEnding(
        ["channelctl token create --key nix-key --channels 'nixos-*' --days 90 --subject ci --out token"],
        tokenDocs,
      ),
    )
    .action((_: unknown, command: Command) => createToken(options, command.optsWithGlobals<CreateFlags>()));
};

const tokenInspectCommand: AddCommand = (token, options) => {
  token
    .command('inspect [file]')
    .description('show the contents of a token, but never the token itself; without a file, read standard input')
    .option('--key <file>', 'verify its signature with this public key')
    .addHelpText('after', helpEnding(['channelctl token inspect token --key nix-key.pub'], tokenDocs))
    .action(async (file: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly key?: string }>();
      const { stdin, now } = options;
      const [{ readPublicKey }, { describeToken, describedText }, { readToken }] = await Promise.all([
        import('../token/keys.ts'),
        import('../token/inspect.ts'),
        import('../token/inspect.ts'),
      ]);
      const key = flags.key === undefined ? undefined : readPublicKey(await readText(flags.key, stdin), flags.key);
      const read = readToken(await readText(file ?? '-', stdin, 'The file of the token'));
      const seconds = now() / 1_000;
      const described = describeToken(read, key, seconds);
      print(options, flags, described, describedText(described, seconds));
      if (described.signature === 'invalid') throw new ExitError(exitCodes.refused);
    });
};

const commands: readonly AddCommand[] = [
  tokenKeygenCommand,
  tokenCreateCommand,
  tokenInspectCommand,
  tokenRevokeCommand,
  tokenRevocationsCommand,
];

export const tokenCommand: AddCommand = (program, options) => {
  const token = program
    .command('token')
    .description('manage the keys and tokens of readers')
    .addHelpText('after', helpEnding([], tokenDocs));
  for (const add of commands) add(token, options);
};
