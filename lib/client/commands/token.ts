import { access } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import { ExitError, exitCodes } from '../exit-codes.ts';
import { fileExists, fileProblem, readText, type WholeFile, writeFileWhole } from '../files.ts';
import { describedText, describeToken } from '../token/inspect.ts';
import { type KeyAlgorithm, keyAlgorithms, newKeyPair, readPublicKey } from '../token/keys.ts';
import { readToken } from '../token/read-token.ts';
import { type AddCommand, type Globals, print } from './context.ts';
import { tokenCreateCommand } from './token-create.ts';
import { tokenRevocationsCommand, tokenRevokeCommand } from './token-revoke.ts';

const tokenInspectCommand: AddCommand = (token, options) => {
  token
    .command('inspect [file]')
    .description('say what stands in a token, and never the token itself; standard input without a file')
    .option('--key <file>', 'verify its signature by this public key')
    .action(async (file: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly key?: string }>();
      const { stdin, now } = options;
      const key = flags.key === undefined ? undefined : readPublicKey(await readText(flags.key, stdin), flags.key);
      const read = readToken(await readText(file ?? '-', stdin, 'The file of the token'));
      const seconds = now() / 1_000;
      const described = describeToken(read, key, seconds);
      print(options, flags, described, describedText(described, seconds));
      if (described.signature === 'invalid') throw new ExitError(exitCodes.refused);
    });
};

interface KeygenFlags extends Globals {
  readonly algorithm: KeyAlgorithm;
  readonly out: string;
  readonly force?: boolean;
}

const write = (path: string, file: WholeFile): Promise<void> =>
  writeFileWhole(path, file).catch((error) => {
    throw fileProblem('written', path, error);
  });

/** Before either is written, for halves of two pairs side by side would be taken for one. */
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
    `private key  ${privateFile}: signs tokens; whoever has it reads everything, so it stays where it is`,
    `public key   ${publicFile}: verifies tokens`,
    `key id       ${kid}: the kid of its tokens; revokes them all (token revoke --kid, or --key FILE)`,
    '',
    'Give the service the public key:',
    `  locally      JWT_PUBLIC_KEY_FILES=${publicFile} npm start`,
    `  on AWS       npx cdk deploy -c jwtPublicKeyFiles=${publicFile}`,
    'Then make tokens:',
    `  channelctl token create --key ${privateFile} --channels 'nixos-*' --days 90 --subject ci`,
  ].join('\n');

const tokenKeygenCommand: AddCommand = (token, options) => {
  token
    .command('keygen')
    .description('make a key pair: the private key signs tokens, the service verifies them by the public one')
    .addOption(new Option('--algorithm <name>', 'kind of signature').choices(keyAlgorithms).default(keyAlgorithms[0]))
    .requiredOption('--out <file>', 'where the private key goes; the public one goes to FILE.pub')
    .option('--force', 'write over files that are there')
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<KeygenFlags>();
      const { algorithm, out: privateFile, force: replace = false } = flags;
      const publicFile = `${privateFile}.pub`;
      if (!replace) await assertAbsent(privateFile, publicFile);
      const { privatePem, publicPem } = newKeyPair(algorithm);
      await write(privateFile, { content: privatePem, mode: 0o600, replace });
      await write(publicFile, { content: publicPem, mode: 0o644, replace });
      const kid = keyThumbprint(readPublicKey(publicPem, publicFile));
      print(options, flags, { algorithm, privateFile, publicFile, kid }, nextText(privateFile, publicFile, kid));
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
  const token = program.command('token').description('keys and tokens that private channels are read with');
  for (const add of commands) add(token, options);
};
