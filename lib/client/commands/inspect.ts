import type { Command } from 'commander';
import { lookAtFile, unlookedNote, warningText } from '../look-at-file.ts';
import { createProgress } from '../progress.ts';
import { inspectedText } from '../show-text.ts';
import { byteSize } from './byte-size.ts';
import { type AddCommand, type Globals, print } from './command-context.ts';

export const inspectCommand: AddCommand = (program, options) => {
  program
    .command('inspect <file>')
    .description('look at a tarball as publish does, without publishing it')
    .option('--max-unpacked <size>', 'refuse what unpacks to more, such as 1GiB', byteSize)
    .action(async (path: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly maxUnpacked?: number }>();
      const { environment, err, terminal, columns = () => undefined, now } = options;
      const progress = createProgress({ write: err, terminal, columns, now });
      const {
        partSha256s: _parts,
        warnings = [],
        ...facts
      } = await lookAtFile(path, {
        environment,
        progress,
        maxUnpacked: flags.maxUnpacked,
      });
      const note = unlookedNote(path);
      if (note !== undefined) err(`${note}\n`);
      for (const warning of warnings) err(`${warningText(warning)}\n`);
      print(options, flags, { ...facts, warnings }, inspectedText(facts));
    });
};
