import type { Command } from 'commander';
import { regionOfGeneratedDomain } from '../../domain/aws.ts';
import { declaredFacts } from '../../domain/release-facts.ts';
import { createProgress } from '../progress.ts';
import { publishFile } from '../publish-file.ts';
import { publishedText } from '../show-text.ts';
import { byteSize } from './byte-size.ts';
import { type AddCommand, connect, dryRunOption, type Globals, noteTo, print } from './command-context.ts';
import { count } from './count.ts';

interface PublishFlags extends Globals {
  readonly name?: string;
  readonly rev?: string;
  readonly revCount?: number;
  readonly lastModified?: number;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly allowDirty?: boolean;
  /** False with --no-git. */
  readonly git?: boolean;
  readonly submodules?: boolean;
  readonly allowLfsPointers?: boolean;
  readonly maxUnpacked?: number;
}

const directoryHelp = `
Of a git checkout, the files that git tracks are packed, as they are in the
working tree. As in Nix's own git fetcher, export-ignore and export-subst in
.gitattributes have no effect. If git cannot read the checkout, nothing is packed.
Of any other directory, every file is packed.`;

export const publishCommand: AddCommand = (program, options) => {
  program
    .command('publish <channel> <path>')
    .description('make a tarball, or a directory that is packed, the latest release of a channel')
    .option('--name <release>', "the release's name, if not the file's")
    .option('--rev <rev>', 'commit that it was made from, 40 hexadecimal digits')
    .option('--rev-count <count>', 'number of commits up to it', count)
    .option('--last-modified <seconds>', 'time of that commit, in seconds since 1970', count)
    .option('--force', 'publish though it is older than the latest')
    .option('--allow-dirty', 'pack a checkout although it has changes; it has no rev then')
    .option('--submodules', 'pack submodules too, as they are checked out')
    .option('--allow-lfs-pointers', 'pack pointers of Git LFS instead of the files')
    .option('--no-git', 'pack every file of a directory, also those that git ignores; .git itself never')
    .option('--max-unpacked <size>', 'refuse what unpacks to more, such as 1GiB', byteSize)
    .option(...dryRunOption)
    .addHelpText('after', directoryHelp)
    .action(async (channel: string, path: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PublishFlags>();
      const {
        name,
        rev,
        revCount,
        lastModified,
        force = false,
        dryRun = false,
        allowDirty = false,
        git = true,
        submodules = false,
        allowLfsPointers = false,
        maxUnpacked,
      } = flags;
      const facts = declaredFacts({ rev, revCount, lastModified });
      const { environment, err, terminal, columns = () => undefined, now, send, sleep, whenInterrupted } = options;
      const progress = createProgress({ write: err, terminal, columns, now });
      const note = noteTo(options);
      const client = {
        api: await connect(options, flags),
        send,
        sleep,
        progress,
        environment,
        now,
        note,
        whenInterrupted,
      };
      const published = await publishFile(client, {
        channel,
        path,
        name,
        facts,
        force,
        dryRun,
        rules: { allowDirty, ignoreGit: !git, submodules, allowLfsPointers },
        maxUnpacked,
      });
      if ('permanentUrl' in published && regionOfGeneratedDomain(published.permanentUrl) !== undefined)
        note(
          `warning: locks will hold ${new URL(published.permanentUrl).host} and break with that API: deploy it with a domain or baseUrl first.`,
        );
      print(options, flags, published, publishedText);
    });
};
