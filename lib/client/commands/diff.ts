import type { Command } from 'commander';
import { formatBytes } from '../../domain/release.ts';
import type { ComparedRelease, ReleaseDiff } from '../diff/compare-releases.ts';
import type { FileChange } from '../diff/compare-trees.ts';
import type { FlakeInput, InputChanges } from '../diff/flake-inputs.ts';
import { table, timeText } from '../text.ts';
import { type AddCommand, byteSize, count, helpEnding, noteTo, print, progressOf } from './context.ts';
import { addNetrcOption, findChannel, type ReadingFlags, readingDocs } from './reading.ts';

interface DiffFlags extends ReadingFlags {
  readonly limit: number;
  readonly all?: boolean;
  readonly maxUnpacked?: number;
}

const diffHelp = `
Without names, the latest release is compared with the one before it; with one
name, that release with the latest. Both are downloaded, unless their narHash is
the same. Files are compared by their content, their executable bit and the target
of symlinks; the name of the single directory at the top makes no difference.`;

export const diffCommand: AddCommand = (program, options) => {
  addNetrcOption(program.command('diff <channel> [from] [to]'))
    .description('say what changed between two releases: rev, flake inputs, files')
    .option('--limit <count>', 'maximum number of files to list, the largest first', count, 20)
    .option('--all', 'list every file')
    .option('--max-unpacked <size>', 'refuse an archive that unpacks to more than this, such as 1GiB', byteSize)
    .addHelpText('after', diffHelp)
    .addHelpText(
      'after',
      helpEnding(
        [
          'channelctl diff nixos-25.05',
          'channelctl diff nixos-25.05 nixos-25.05-2025-05-15 nixos-25.05-2025-06-01 --all',
          'channelctl diff https://nix.example.org/channel/nixos-25.05.tar.xz --json',
        ],
        readingDocs,
      ),
    )
    .action(async (channel: string, from: string | undefined, to: string | undefined, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<DiffFlags>();
      const { environment, sleep, now } = options;
      const found = await findChannel(options, flags, channel);
      const { compareReleases } = await import('../diff/compare-releases.ts');
      const ask = { api: found.api, environment, sleep, now, note: noteTo(options), progress: progressOf(options) };
      const diff = await compareReleases({ ...ask, maxUnpacked: flags.maxUnpacked }, found, { from, to });
      const { entries, ...files } = diff.files;
      const listed = flags.all === true ? entries : entries.slice(0, flags.limit);
      print(options, flags, { ...diff, files: { ...files, entries: listed } }, diffText);
    });
};

const day = (seconds: number | undefined): string => (seconds === undefined ? '' : timeText(seconds).slice(0, 10));

/** What changed, or what both have; undefined where neither is known. */
function moved(from: string | undefined, to: string | undefined): string | undefined {
  if (from === undefined && to === undefined) return undefined;
  return from === to ? `${to} (the same)` : `${from ?? '(unknown)'} -> ${to ?? '(unknown)'}`;
}

const bytes = (size: number | undefined): string | undefined => (size === undefined ? undefined : formatBytes(size));

const named = ({ release, withdrawn }: ComparedRelease): string =>
  withdrawn === undefined ? release : `${release} (${withdrawn})`;

/** Which version of an input is locked. */
function lockedText({ rev, narHash, lastModified, follows }: FlakeInput): string {
  if (follows !== undefined) return `follows ${follows}`;
  const version = rev?.slice(0, 12) ?? narHash ?? '(unknown)';
  return lastModified === undefined ? version : `${version} (${day(lastModified)})`;
}

function inputRows({ added, removed, changed }: InputChanges): string[][] {
  const sources = (from: FlakeInput, to: FlakeInput): string =>
    from.source === to.source ? (to.source ?? '') : `${from.source ?? '-'} -> ${to.source ?? '-'}`;
  return [
    ...added.map((input) => ['added', input.path, input.source ?? '', lockedText(input)]),
    ...removed.map((input) => ['removed', input.path, input.source ?? '', lockedText(input)]),
    ...changed.map(({ path, from, to }) => [
      'changed',
      path,
      sources(from, to),
      `${lockedText(from)} -> ${lockedText(to)}`,
    ]),
  ];
}

const kinds: Readonly<Record<FileChange['kind'], string>> = {
  file: '',
  symlink: 'symlink',
  directory: 'empty directory',
};

function fileRow({ change, path, kind, fromSize, toSize, what = [] }: FileChange): string[] {
  const sizes = fromSize === toSize ? [toSize] : [fromSize, toSize].filter((size) => size !== undefined);
  const shown = kind === 'file' ? sizes.map((size) => formatBytes(size ?? 0)).join(' -> ') : kinds[kind];
  const notes = what.filter((each) => each !== 'content').join(', ');
  return [change, shown, path, notes === '' ? '' : `(${notes})`];
}

const rest = (count: number): string[] => (count > 0 ? [`(${count} more: --all)`] : []);

export function diffText({ channel, from, to, sameTree, compareUrl, inputs, files }: ReleaseDiff): string {
  const commits = (to.revCount ?? Number.NaN) - (from.revCount ?? Number.NaN);
  const { added, removed, changed, entries } = files;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['channel', channel],
    ['from', named(from)],
    ['to', named(to)],
    [
      'rev',
      from.rev !== undefined && to.rev !== undefined && from.rev !== to.rev
        ? `${from.rev}..${to.rev}`
        : moved(from.rev, to.rev),
    ],
    ['commits', Number.isNaN(commits) ? undefined : `${commits} more by revCount`],
    ['compare', compareUrl],
    [
      'last modified',
      moved(
        from.lastModified === undefined ? undefined : timeText(from.lastModified),
        to.lastModified === undefined ? undefined : timeText(to.lastModified),
      ),
    ],
    ['archive', moved(bytes(from.size), bytes(to.size))],
    ['unpacked', moved(bytes(from.unpackedSize), bytes(to.unpackedSize))],
    ['narHash', moved(from.narHash, to.narHash)],
  ];
  const facts = table(rows.filter((row): row is [string, string] => row[1] !== undefined));
  if (sameTree) return `${facts}\n\nBoth have the same tree.`;
  const changes = inputs === null ? [] : inputRows(inputs);
  return [
    facts,
    '',
    inputs === null ? 'Neither has a flake.lock.' : changes.length === 0 ? 'Flake inputs: no change.' : 'Flake inputs:',
    ...(changes.length === 0 ? [] : [table(changes)]),
    '',
    `Files: ${added.count} added (${formatBytes(added.size)}), ${removed.count} removed (${formatBytes(removed.size)}), ${changed.count} changed (${formatBytes(changed.fromSize)} -> ${formatBytes(changed.toSize)})`,
    ...(entries.length === 0 ? [] : [table(entries.map(fileRow))]),
    ...rest(added.count + removed.count + changed.count - entries.length),
  ].join('\n');
}
