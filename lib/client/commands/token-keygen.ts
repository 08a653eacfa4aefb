import { access } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import { fileProblem } from '../file-problem.ts';
import { type KeyAlgorithm, keyAlgorithms, newKeyPair } from '../token/new-key-pair.ts';
import { readPublicKey } from '../token/read-key.ts';
import { fileExists, type WholeFile, writeFileWhole } from '../write-file-whole.ts';
import { type AddCommand, type Globals, print } from './command-context.ts';

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

export const tokenKeygenCommand: AddCommand = (token, options) => {
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
