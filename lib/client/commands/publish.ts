import type { Command } from 'commander';
import type { Published, Rehearsed } from '../../api/answers.ts';
import { regionOfGeneratedDomain } from '../../domain/aws.ts';
import { declaredFacts } from '../../domain/release.ts';
import type { InspectedFile } from '../../nar/inspect.ts';
import { createProgress, formatBytes } from '../progress.ts';
import { inspectFile, uninspectedNote, warningText } from '../publish/look-at-file.ts';
import { publishFile } from '../publish/publish-file.ts';
import { table } from '../text.ts';
import {
  type AddCommand,
  byteSize,
  connect,
  count,
  dryRunOption,
  type Globals,
  noteTo,
  print,
  soon,
  would,
} from './context.ts';

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
      } = await inspectFile(path, {
        environment,
        progress,
        maxUnpacked: flags.maxUnpacked,
      });
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
