import type { Command } from 'commander';
import type { ChangedChannel, ShownChannel } from '../../api/answers.ts';
import { channelPath } from '../../api/routes.ts';
import { assertExistingChannel, assertExistingRelease, escapeControls } from '../../domain/names.ts';
import { InvalidInput, NotFound } from '../../domain/problem.ts';
import type { HistoryEntry, HistoryPage } from '../../domain/record.ts';
import { pages } from '../api/http.ts';
import { table } from '../text.ts';
import {
  type AddCommand,
  connect,
  count,
  dryRunOption,
  type Globals,
  helpEnding,
  print,
  soon,
  would,
} from './context.ts';
import {
  addReadingOptions,
  asksPublishApi,
  atPublishApi,
  type ReadingFlags,
  readHistory,
  readingDocs,
  readingHelp,
} from './reading.ts';
import { overdueText, retentionText } from './settings.ts';

interface PromoteFlags extends Globals {
  readonly release?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export const promotionPath = (from: string, to: string): string =>
  `/publish/promotions/${encodeURIComponent(from)}/${encodeURIComponent(to)}`;

export const promoteCommand: AddCommand = (program, options) => {
  program
    .command('promote <from> <to>')
    .description('make a release of one channel the latest of another, without a copy')
    .option('--release <release>', 'which release (default: the latest)')
    .option('--force', 'promote even if it is older than the latest')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl promote nixos-25.05-small nixos-25.05',
        'channelctl promote nixos-25.05-small nixos-25.05 --release nixos-25.05-2025-05-15',
      ]),
    )
    .action(async (from: string, to: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PromoteFlags>();
      const { release, force, dryRun } = flags;
      assertExistingChannel(from, 'from');
      assertExistingChannel(to, 'to');
      if (release !== undefined) assertExistingRelease(release);
      const api = await connect(options, flags);
      const changed = await api.post<ChangedChannel>(promotionPath(from, to), {
        operation: options.operation(),
        release,
        force,
        dryRun,
      });
      print(options, flags, changed, (each) => changedText(each, { dryRun }));
    });
};

const deeds: Readonly<Record<string, { readonly done: string; readonly would: string }>> = {
  rollback: { done: 'rolled back', would: 'would roll back' },
  promote: { done: 'promoted', would: 'would promote' },
  yank: { done: 'yanked', would: 'would yank' },
  unyank: { done: 'undid the yank of', would: 'would undo the yank of' },
};

interface Asked {
  readonly dryRun?: boolean | undefined;
  /** The release that was yanked or restored. */
  readonly release?: string;
}

function nowText({ channel, latest, from }: ChangedChannel, moved: boolean, { dryRun, release }: Asked): string {
  const before = moved && from !== undefined ? ` (${dryRun ? 'now' : 'was'} ${from})` : '';
  if (latest === null)
    return `${channel} ${moved ? (dryRun ? 'would have' : 'now has') : 'still has'} no release: readers get 404${before}`;
  const how = moved ? (dryRun ? 'would' : 'now') : 'still';
  if (release !== undefined) return `readers of ${channel} ${how} get ${latest}${before}`;
  return `${channel} ${how === 'would' ? 'would point' : `${how} points`} to ${latest}${before}`;
}

export function changedText(changed: ChangedChannel, asked: Asked = {}): string {
  const { channel, action, fresh, latest, from, permanentUrl } = changed;
  const { dryRun = false, release } = asked;
  const url = permanentUrl === undefined ? [] : [permanentUrl];
  if (!fresh) {
    const yank = release === undefined ? '' : `${release} is ${action === 'yank' ? 'already' : 'not'} yanked, and `;
    const points = latest === null ? 'has no release' : `${yank === '' ? 'already ' : ''}points to ${latest}`;
    return [`nothing changed: ${yank}${channel} ${points}`, ...url].join('\n');
  }
  const moved = (from ?? null) !== latest;
  const { done, would: rehearsed } = deeds[action] ?? { done: action, would: `would ${action}` };
  const deed = `${dryRun ? rehearsed : done}${release === undefined ? '' : ` ${release}`}`;
  const first = `${would(dryRun)}${deed}: ${nowText(changed, moved, asked)}`;
  return [first, ...(moved && !dryRun ? [soon] : []), ...url].join('\n');
}

export const rollbackCommand: AddCommand = (program, options) => {
  program
    .command('rollback <channel>')
    .description('make an earlier release the latest again')
    .option('--to <release>', 'which release (default: the one before the latest)')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl rollback nixos-25.05',
        'channelctl rollback nixos-25.05 --to nixos-25.05-2025-05-15 --dry-run',
      ]),
    )
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly to?: string; readonly dryRun?: boolean }>();
      const { dryRun } = flags;
      assertExistingChannel(channel);
      if (flags.to !== undefined) assertExistingRelease(flags.to, 'to');
      const api = await connect(options, flags);
      const shown = await api.get<ShownChannel>(channelPath(channel), { limit: '1' });
      const { latest, rollsBackTo, rolledBack, channelUrl } = shown;
      const to = flags.to ?? rollsBackTo;
      // A rollback without --to that is run again must not go further back, and never forward.
      if (latest !== null && (flags.to === latest || (flags.to === undefined && rolledBack))) {
        const same: ChangedChannel = { channel, action: 'rollback', fresh: false, latest, channelUrl };
        print(
          options,
          flags,
          same,
          (each) => `${changedText(each)}\nTo roll back further, name the release with --to.`,
        );
        return;
      }
      if (latest === null || to === null)
        throw new NotFound(`The channel "${channel}" has no earlier release to roll back to.`);
      const body = { operation: options.operation(), from: latest, to, dryRun };
      const changed = await api.post<ChangedChannel>(channelPath(channel, '/rollback'), body);
      print(options, flags, changed, (each) => changedText(each, { dryRun }));
    });
};

interface YankFlags extends Globals {
  readonly reason?: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

export const yankCommand: AddCommand = (program, options) => {
  program
    .command('yank <channel> <release>')
    .description('never point to a release again; locks of it still work')
    .option('--reason <text>', 'why; shown with the channel')
    .option('--undo', 'undo the yank')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding([
        "channelctl yank nixos-25.05 nixos-25.05-2025-05-15 --reason 'does not boot'",
        'channelctl yank nixos-25.05 nixos-25.05-2025-05-15 --undo',
      ]),
    )
    .action(async (channel: string, release: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<YankFlags>();
      const { reason, undo = false, dryRun } = flags;
      assertExistingChannel(channel);
      assertExistingRelease(release);
      if (undo === (reason !== undefined)) throw new InvalidInput('reason', 'Give --reason, or --undo to undo a yank.');
      const api = await connect(options, flags);
      const body = { operation: options.operation(), release, reason, dryRun };
      const changed = await api.post<ChangedChannel>(channelPath(channel, '/yank'), body);
      print(options, flags, changed, (each) => changedText(each, { dryRun, release: escapeControls(release) }));
    });
};

interface HistoryFlags extends ReadingFlags {
  readonly limit: number;
  readonly after?: string;
}

/** The API's own limit of entries in one answer. */
const maxPageSize = 100;

export const historyCommand: AddCommand = (program, options) => {
  addReadingOptions(program.command('history <channel>'))
    .description('list the changes of a channel, newest first')
    .option('--limit <count>', 'maximum number of entries', count, 50)
    .option('--after <cursor>', 'continue where an earlier answer ended')
    .addHelpText('after', readingHelp)
    .addHelpText(
      'after',
      helpEnding(['channelctl history nixos-25.05', 'channelctl history nixos-25.05 --limit 5'], readingDocs),
    )
    .action(async (given: string, _: unknown, command: Command) => {
      const reading = command.optsWithGlobals<HistoryFlags>();
      if (!asksPublishApi(reading, options.environment, given)) return readHistory(options, reading, given);
      const { channel, flags } = atPublishApi(given, reading);
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const entries: HistoryEntry[] = [];
      const ask = async (after?: string): Promise<HistoryPage> => {
        const limit = String(Math.min(maxPageSize, flags.limit - entries.length));
        return (await api.get<ShownChannel>(channelPath(channel), { limit, after })).history;
      };
      let next: string | undefined;
      for await (const history of pages(ask, flags.after)) {
        entries.push(...history.entries);
        next = history.next;
        if (entries.length >= flags.limit) break;
      }
      const page = { entries, ...(next === undefined ? {} : { next }) };
      print(options, flags, page, historyText);
    });
};

function entryRow(entry: HistoryEntry): string[] {
  if (!('serial' in entry)) return ['', '', entry.release];
  const { at, action, count: several, from, to, source, by, reason, visibility, maxAge, retain } = entry;
  const release = entry.release ?? (several === undefined ? '' : `${several} releases`);
  const moved = [
    source === undefined ? '' : `out of ${source}`,
    from === undefined || to === from ? '' : `from ${from}`,
    to === undefined || to === from ? '' : `to ${to}`,
    visibility ?? '',
    maxAge === undefined ? '' : overdueText(maxAge) || 'never overdue',
    retain === undefined ? '' : retentionText(retain),
  ];
  return [
    at,
    action,
    release,
    moved.filter((part) => part !== '').join(' '),
    `by ${by}${reason === undefined ? '' : `: ${reason}`}`,
  ];
}

export const historyText = ({ entries, next }: HistoryPage): string =>
  `${table(entries.map(entryRow))}${next === undefined ? '' : `\n(older ones: --after ${next})`}`;
