import type { Command } from 'commander';
import { formatBytes } from '../../domain/release.ts';
import type { InspectedFile } from '../../nar/inspect.ts';
import { table } from '../text.ts';
import { type AddCommand, byteSize, type Globals, helpEnding, print, progressOf } from './context.ts';

export const inspectCommand: AddCommand = (program, options) => {
  program
    .command('inspect <file>')
    .description('inspect a tarball as publish does, without publishing it')
    .option('--max-unpacked <size>', 'refuse an archive that unpacks to more than this, such as 1GiB', byteSize)
    .addHelpText(
      'after',
      helpEnding(['channelctl inspect nixexprs.tar.xz', 'channelctl inspect nixexprs.tar.xz --json']),
    )
    .action(async (path: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly maxUnpacked?: number }>();
      const { environment, err } = options;
      const { checkFile, uninspectedNote, warningText } = await import('../publish/check-file.ts');
      const look = { environment, progress: progressOf(options), maxUnpacked: flags.maxUnpacked };
      const { partSha256s: _parts, warnings = [], ...facts } = await checkFile(path, look);
      const note = uninspectedNote(path);
      if (note !== undefined) err(`${note}\n`);
      for (const warning of warnings) err(`${warningText(warning)}\n`);
      print(options, flags, { ...facts, warnings }, inspectedText(facts));
    });
};

function inspectedText(facts: Omit<InspectedFile, 'partSha256s'>): string {
  const { size, sha256, narHash, lastModified, rev, entries, unpackedSize, flake } = facts;
  const rows: [string, string | undefined][] = [
    ['size', formatBytes(size)],
    ['sha256', sha256],
    ['narHash', narHash],
    ['last modified', lastModified === undefined ? undefined : new Date(lastModified * 1_000).toISOString()],
    ['rev', rev],
    ['entries', entries?.toString()],
    ['unpacked', unpackedSize === undefined ? undefined : formatBytes(unpackedSize)],
    ['flake.nix', flake === undefined ? undefined : flake ? 'yes' : 'no'],
  ];
  return table(rows.filter((row): row is [string, string] => row[1] !== undefined));
}
