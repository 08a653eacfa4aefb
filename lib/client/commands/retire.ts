import type { Command } from 'commander';
import type { ChosenRelease, KeptRelease, Retired } from '../../api/answers.ts';
import { storagePath } from '../../api/routes.ts';
import { assertExistingChannel, assertExistingRelease } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { formatBytes } from '../../domain/release.ts';
import { maxRetiredReleases } from '../../domain/retirement.ts';
import type { ChannelApi } from '../api/channel-api.ts';
import { escapeDeep, table } from '../text.ts';
import {
  type AddCommand,
  confirm,
  connect,
  count,
  dryRunOption,
  duration,
  type Globals,
  helpEnding,
  type ProgramOptions,
  print,
  soon,
  would,
} from './context.ts';

const docs = 'docs/retire.md';

interface RetireFlags extends Globals {
  readonly reason?: string;
  readonly olderThan?: number;
  readonly keep?: number;
  readonly instead?: string;
  readonly shared?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

const releasesText = (number: number): string => `${number} ${number === 1 ? 'release' : 'releases'}`;

const keptText = ({ release, why, channel }: KeptRelease): string =>
  `kept ${release}: ${why === 'named' ? `it is also a release of ${channel}` : why === 'latest' ? 'it is the latest' : 'it is pinned'}`;

/** The chosen releases with their dates and sizes, the sum, and what was passed over. */
export function chosenTable({ releases, kept }: Pick<Retired, 'releases' | 'kept'>): string {
  const sizes = releases.map(({ size }) => size).filter((size) => size !== undefined);
  const sum = sizes.length === 0 ? '' : `, ${formatBytes(sizes.reduce((total, size) => total + size, 0))}`;
  const unknown = sizes.length === releases.length ? '' : ` (${releases.length - sizes.length} of unknown size)`;
  const rows = releases.map(({ release, publishedAt, size }) => [
    release,
    publishedAt?.slice(0, 10) ?? '',
    size === undefined ? '' : formatBytes(size),
  ]);
  return [
    ...(rows.length === 0 ? [] : [table(rows)]),
    `${releasesText(releases.length)}${sum}${unknown}`,
    ...kept.map(keptText),
  ].join('\n');
}

/** A body of the API has at most 1 MB. */
const maxNameBytes = 900_000;

/** In lists that fit into one request each: nearly always one. */
export function batches(releases: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let bytes = Infinity;
  for (const release of releases) {
    const size = Buffer.byteLength(JSON.stringify(release)) + 1;
    if (bytes + size > maxNameBytes || all.at(-1)?.length === maxRetiredReleases) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(release);
    bytes += size;
  }
  return all;
}

export function retiredText(retired: Retired, dryRun = false): string {
  const { channel, action, fresh, releases, kept, until } = retired;
  const [only] = releases;
  const what = only !== undefined && releases.length === 1 ? only.release : releasesText(releases.length);
  if (action === 'unretire') {
    if (!fresh) return `nothing changed: no such release of ${channel} is retired`;
    if (dryRun) return `${would(dryRun)}would make ${what} of ${channel} available again`;
    return `${what} of ${channel} is available again\n${soon}`;
  }
  if (dryRun) return `${chosenTable(retired)}\n${would(dryRun)}would retire ${what} of ${channel}`;
  if (!fresh) return [`nothing changed: there is nothing to retire in ${channel}`, ...kept.map(keptText)].join('\n');
  const undo =
    until === undefined
      ? []
      : [`Until ${until} "channelctl retire ${channel} RELEASE --undo" undoes it. Then the objects are removed.`];
  return [`retired ${what} of ${channel}: readers get 410`, ...undo, ...kept.map(keptText), soon].join('\n');
}

interface Chosen {
  readonly channel: string;
  readonly releases: readonly ChosenRelease[];
  readonly kept: readonly KeptRelease[];
}

/** Retires exactly the releases that were shown. */
async function retireChosen(
  api: ChannelApi,
  { channel, releases, kept }: Chosen,
  { operation }: Pick<ProgramOptions, 'operation'>,
  { reason, instead, shared }: RetireFlags,
): Promise<Retired> {
  let all: Retired = { channel, action: 'retire', fresh: false, releases: [], kept };
  for (const names of batches(releases.map(({ release }) => release))) {
    const body = { operation: operation(), releases: names, reason, instead, shared };
    const retired = await api.post<Retired>(storagePath('retirements', channel), body);
    all = {
      ...retired,
      fresh: all.fresh || retired.fresh,
      releases: [...all.releases, ...retired.releases],
      kept: [...all.kept, ...retired.kept],
    };
  }
  return all;
}

function assertRetireFlags(releases: readonly string[], flags: RetireFlags): void {
  const { reason, olderThan, keep, instead, shared, undo = false } = flags;
  const isSelection = olderThan !== undefined || keep !== undefined;
  if (undo === (reason !== undefined))
    throw new InvalidInput('reason', 'Give --reason, or --undo to make retired releases available again.');
  if (isSelection === releases.length > 0)
    throw new InvalidInput('releases', 'Name the releases, or choose them by --older-than and --keep.');
  if (undo && (isSelection || instead !== undefined || shared !== undefined))
    throw new InvalidInput(
      'undo',
      '--undo takes the names of releases, and none of --older-than, --keep, --instead and --shared.',
    );
  for (const release of releases) assertExistingRelease(release, 'releases');
  if (instead !== undefined) assertExistingRelease(instead, 'instead');
}

async function retire(
  options: ProgramOptions,
  channel: string,
  releases: readonly string[],
  flags: RetireFlags,
): Promise<void> {
  const { reason, olderThan, keep, instead, shared, undo = false, yes = false, dryRun } = flags;
  const api = await connect(options, flags);
  const path = storagePath('retirements', channel);
  if (undo) {
    const undone = await api.post<Retired>(path, { operation: options.operation(), releases, dryRun });
    print(options, flags, undone, (each) => retiredText(each, dryRun));
    return;
  }
  const chosen = await api.post<Retired>(path, {
    operation: options.operation(),
    ...(releases.length > 0 ? { releases } : { olderThanSeconds: olderThan, keep }),
    ...{ reason, instead, shared, dryRun: true },
  });
  if (dryRun === true || chosen.releases.length === 0) {
    print(options, flags, chosen, (each) => retiredText(each, dryRun));
    return;
  }
  if (flags.json !== true) options.out(`${chosenTable(escapeDeep(chosen))}\n`);
  if (!yes)
    await confirm(options, channel, {
      deed: `Retiring ${releasesText(chosen.releases.length)} of "${channel}"`,
      means: `Readers will get 410 for ${chosen.releases.length === 1 ? 'this release' : `these ${releasesText(chosen.releases.length)}`} of ${channel}, and the objects are removed after the grace time.`,
      ask: `channel to retire ${chosen.releases.length === 1 ? 'it' : 'them'}`,
      done: 'retired',
    });
  const retired = await retireChosen(api, { ...chosen, kept: [] }, options, flags);
  print(options, flags, retired, (each) => retiredText(each));
}

export const retireCommand: AddCommand = (program, options) => {
  program
    .command('retire <channel> [releases...]')
    .description('make releases unavailable; their objects are removed after a grace time')
    .option('--reason <text>', 'why; readers see it')
    .option('--older-than <duration>', 'all that are older, such as 180d', duration)
    .option('--keep <count>', 'never the newest ones', count)
    .option('--instead <release>', 'the release that readers are told to use')
    .option('--shared', 'give them up in this channel only, where other channels have them too')
    .option('--undo', 'make retired releases available again, until the grace time ends')
    .option('--yes', 'do not ask for confirmation; required where there is no terminal')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding(
        [
          "channelctl retire nixos-25.05 nixos-25.05-2025-05-15 --reason 'does not boot'",
          "channelctl retire nixos-25.05 --older-than 180d --keep 20 --reason 'older than 180 days' --dry-run",
          'channelctl retire nixos-25.05 nixos-25.05-2025-05-15 --undo',
        ],
        docs,
      ),
    )
    .action(async (channel: string, releases: readonly string[], _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RetireFlags>();
      assertExistingChannel(channel);
      assertRetireFlags(releases, flags);
      await retire(options, channel, releases, flags);
    });
};
