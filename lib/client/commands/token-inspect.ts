import type { Command } from 'commander';
import { EndWith } from '../end-with.ts';
import { exitCodes } from '../exit-codes.ts';
import { readText } from '../read-text.ts';
import { describedText, describeToken } from '../token/described-token.ts';
import { readPublicKey } from '../token/read-key.ts';
import { readToken } from '../token/read-token.ts';
import { type AddCommand, type Globals, print } from './command-context.ts';

export const tokenInspectCommand: AddCommand = (token, options) => {
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
      if (described.signature === 'invalid') throw new EndWith(exitCodes.refused);
    });
};
