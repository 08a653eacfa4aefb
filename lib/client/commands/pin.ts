import type { Command } from 'commander';
import type { Pinned } from '../../api/answers.ts';
import { storagePath } from '../../api/routes.ts';
import { assertExistingChannel, assertExistingRelease, escapeControls } from '../../domain/names.ts';
import {
  type AddCommand,
  connect,
  dryRunOption,
  type Globals,
  helpEnding,
  type ProgramOptions,
  print,
  would,
} from './context.ts';

const docs = 'docs/retire.md';

function pinnedText({ channel, action, fresh, release }: Pinned, dryRun?: boolean): string {
  const isPin = action === 'pin';
  if (!fresh) return `nothing changed: ${release} of ${channel} is ${isPin ? 'already' : 'not'} pinned`;
  if (dryRun === true) return `${would(dryRun)}would ${action} ${release} of ${channel}`;
  return isPin ? `pinned ${release} of ${channel}: it is never retired` : `unpinned ${release} of ${channel}`;
}

interface PinFlags extends Globals {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

async function changePin(options: ProgramOptions, channel: string, release: string, flags: PinFlags): Promise<void> {
  const { reason, dryRun } = flags;
  assertExistingChannel(channel);
  assertExistingRelease(release);
  const api = await connect(options, flags);
  const body = { operation: options.operation(), release, reason, dryRun };
  const pinned = await api.post<Pinned>(storagePath('pins', channel), body);
  print(options, flags, pinned, (each) => pinnedText(each, dryRun));
}

export const pinCommand: AddCommand = (program, options) => {
  program
    .command('pin <channel> <release>')
    .description('never retire a release')
    .requiredOption('--reason <text>', 'why; shown with the channel')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding(["channelctl pin nixos-25.05 nixos-25.05-2025-05-15 --reason 'a customer has it'"], docs),
    )
    .action((channel: string, release: string, _: unknown, command: Command) =>
      changePin(options, channel, release, command.optsWithGlobals<PinFlags>()),
    );
};

export const unpinCommand: AddCommand = (program, options) => {
  program
    .command('unpin <channel> <release>')
    .description('remove the pin of a release')
    .option(...dryRunOption)
    .addHelpText('after', helpEnding(['channelctl unpin nixos-25.05 nixos-25.05-2025-05-15'], docs))
    .action((channel: string, release: string, _: unknown, command: Command) =>
      changePin(options, channel, release, command.optsWithGlobals<PinFlags>()),
    );
};

/** Rows for the text of a channel. */
export const pinRows = (pinned: Readonly<Record<string, unknown>> = {}): string[][] =>
  Object.entries(pinned).map(([release, pin]) => [
    'pinned',
    `${release}: ${escapeControls(String((pin as { readonly reason?: unknown } | null)?.reason ?? ''))}`,
  ]);
