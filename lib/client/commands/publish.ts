import type { Command } from 'commander';
import type { Published, Rehearsed } from '../../api/answers.ts';
import { regionOfGeneratedDomain } from '../../domain/aws.ts';
import { declaredFacts, formatBytes } from '../../domain/release.ts';
import type { InspectedFile } from '../../nar/inspect.ts';
import { createProgress, type Progress, table } from '../text.ts';
import {
  type AddCommand,
  byteSize,
  connect,
  count,
  dryRunOption,
  type Globals,
  helpEnding,
  noteTo,
  type ProgramOptions,
  print,
  soon,
  would,
} from './context.ts';

interface PublishFlags extends Globals {
  readonly name?: string;
  readonly rev?: string;
  readonly revCount?: number;
  readonly lastModified?: number;
  readonly narHash?: string;
  /** False with --no-look. */
  readonly look?: boolean;
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

const progressOf = ({ err: write, terminal, columns = () => undefined, now }: ProgramOptions): Progress =>
  createProgress({ write, terminal, columns, now });

export const publishCommand: AddCommand = (program, options) => {
  program
    .command('publish <channel> <path>')
    .description('publish a tarball or a directory as the latest release of a channel')
    .option('--name <release>', 'name of the release (default: the name of the file)')
    .option('--rev <rev>', 'commit that it was made from, 40 hexadecimal digits')
    .option('--rev-count <count>', 'number of commits up to and including that commit', count)
    .option('--last-modified <seconds>', 'time of that commit, in seconds since 1970', count)
    .option('--nar-hash <hash>', 'narHash of the unpacked tree, such as sha256-…; refused if the archive has another')
    .option('--no-look', 'only hash the file and do not check it; the facts are those that the options give')
    .option('--force', 'publish even if it is older than the latest')
    .option('--allow-dirty', 'pack a checkout with uncommitted changes, without a rev')
    .option('--submodules', 'also pack submodules, as they are checked out')
    .option('--allow-lfs-pointers', 'pack pointers of Git LFS instead of the files')
    .option('--no-git', 'pack every file of a directory, also those that git ignores, but never .git')
    .option('--max-unpacked <size>', 'refuse an archive that unpacks to more than this, such as 1GiB', byteSize)
    .option(...dryRunOption)
    .addHelpText('after', directoryHelp)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl publish nixos-25.05 .',
        'channelctl publish nixos-25.05 nixos-25.05-2025-05-15.tar.xz --rev-count 800000',
        'channelctl publish nixos-25.05 nixexprs.tar.xz --name nixos-25.05-2025-05-15 --dry-run',
      ]),
    )
    .action(async (channel: string, path: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PublishFlags>();
      const {
        name,
        rev,
        revCount,
        lastModified,
        narHash,
        look = true,
        force = false,
        dryRun = false,
        maxUnpacked,
      } = flags;
      const { allowDirty = false, git = true, submodules = false, allowLfsPointers = false } = flags;
      const facts = declaredFacts({ rev, revCount, lastModified, narHash });
      const { publishFile } = await import('../publish/publish-file.ts');
      const note = noteTo(options);
      const client = { ...options, api: await connect(options, flags), progress: progressOf(options), note };
      const rules = { allowDirty, ignoreGit: !git, submodules, allowLfsPointers };
      const input = { channel, path, name, facts, look, force, dryRun, rules, maxUnpacked };
      const published = await publishFile(client, input);
      if ('permanentUrl' in published && regionOfGeneratedDomain(published.permanentUrl) !== undefined)
        note(
          `warning: locks will hold ${new URL(published.permanentUrl).host} and break with that API: deploy it with a domain or baseUrl first.`,
        );
      print(options, flags, published, publishedText);
    });
};

export function publishedText(answer: Published | Rehearsed): string {
  if (answer.status === 'rehearsed')
    return `${would(true)}${answer.release} would be uploaded and become the latest of ${answer.channel}`;
  const { channel, release, fresh, latest, latestRelease, sameAs, permanentUrl, snippets = [] } = answer;
  const moved = fresh && latest;
  const points = `points to ${latestRelease ?? 'another release'}`;
  const place = latest
    ? fresh
      ? `the latest of ${channel}`
      : `nothing changed: ${channel} already points to it`
    : `${fresh ? `${channel} now` : `nothing changed: ${channel} still`} ${points}; to go back to this one: channelctl rollback ${channel} --to ${release}`;
  return [
    `${fresh ? 'published' : 'already published'}: ${release} (${place})`,
    ...(moved ? [soon] : []),
    ...(sameAs === undefined ? [] : [`It has the same bytes as ${sameAs}: a lock of that one stays as it is.`]),
    permanentUrl,
    ...snippets.map(({ text }) => text),
  ].join('\n');
}

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
