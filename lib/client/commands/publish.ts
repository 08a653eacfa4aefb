import type { Command } from 'commander';
import { declaredFacts } from '../../domain/release-facts.ts';
import { createProgress } from '../progress.ts';
import { publishFile } from '../publish-file.ts';
import { publishedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';
import { count } from './count.ts';

interface PublishFlags extends Globals {
  readonly name?: string;
  readonly rev?: string;
  readonly revCount?: number;
  readonly lastModified?: number;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export const publishCommand: AddCommand = (program, options) => {
  program
    .command('publish <channel> <file>')
    .description('upload a tarball and make it the latest release of a channel')
    .option('--name <release>', "the release's name, if not the file's")
    .option('--rev <rev>', 'commit that it was made from, 40 hexadecimal digits')
    .option('--rev-count <count>', 'number of commits up to it', count)
    .option('--last-modified <seconds>', 'time of that commit, in seconds since 1970', count)
    .option('--force', 'publish though it is older than the latest')
    .option(...dryRunOption)
    .action(async (channel: string, path: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PublishFlags>();
      const { name, rev, revCount, lastModified, force = false, dryRun = false } = flags;
      const facts = declaredFacts({ rev, revCount, lastModified });
      const { err, terminal, now, send, sleep } = options;
      const progress = createProgress({ write: err, terminal, now });
      const client = { api: await connect(options, flags), send, sleep, progress };
      const published = await publishFile(client, { channel, path, name, facts, force, dryRun });
      print(options, flags, published, publishedText(published));
    });
};
