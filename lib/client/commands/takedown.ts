import type { Command } from 'commander';
import type { ObjectAddress, TakenDown } from '../../api/answers.ts';
import { storagePath } from '../../api/routes.ts';
import { assertExistingChannel, assertExistingRelease } from '../../domain/names.ts';
import type { Deletion, KeptVersion } from '../api/delete-object.ts';
import { ExitError, exitCodes } from '../exit-codes.ts';
import {
  type AddCommand,
  confirm,
  connect,
  dryRunOption,
  type Globals,
  helpEnding,
  noteTo,
  type ProgramOptions,
  print,
  soon,
  would,
} from './context.ts';

interface TakedownFlags extends Globals {
  readonly reason: string;
  readonly instead?: string;
  readonly role?: string;
  readonly bucketProfile?: string;
  readonly keepObject?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** What the command prints. `deletion` is absent where the object was not to be deleted. */
interface Report extends TakenDown {
  readonly deletion?: Deletion;
}

async function deleteIts(options: ProgramOptions, object: ObjectAddress, flags: TakedownFlags): Promise<Deletion> {
  const { send, sleep, now } = options;
  const { deleteObject } = await import('../api/delete-object.ts');
  const profile = flags.bucketProfile ?? flags.profile;
  const credentials = await options.credentials({
    ...(profile === undefined ? {} : { profile }),
    region: object.region,
    role: flags.role,
  });
  return deleteObject(object, { credentials, send, sleep, now, note: noteTo(options) });
}

function keptText({ version, why, until, message }: KeptVersion): string {
  const name = version === undefined ? 'the object' : `version ${version}`;
  if (why === 'denied')
    return `${name} was not deleted: ${message}. Run the same command with credentials that may delete it, or with --role.`;
  return until === undefined
    ? `${name} was not deleted: it has a legal hold. Whoever set the hold can end it; then run the same command again.`
    : `${name} was not deleted: it is locked until ${until} (Object Lock). Run the same command again after that.`;
}

export function takenDownText(report: Report, dryRun = false): string {
  const { channel, release, fresh, channels, object, deletion } = report;
  const moved = channels.map(({ channel: name, latest }) =>
    latest === null ? `${name} has no release: readers get 404` : `${name} points to ${latest}`,
  );
  if (dryRun) return [`${would(dryRun)}would take down ${release} of ${channel}; afterwards`, ...moved].join('\n');
  const versions = deletion?.deleted === 1 ? '1 version' : `${deletion?.deleted} versions`;
  return [
    `${fresh ? 'took down' : 'already taken down:'} ${release}: readers get 410`,
    ...moved,
    deletion === undefined
      ? `The object${object === undefined ? '' : ` "${object.key}" in the bucket "${object.bucket}"`} was not deleted.`
      : `deleted ${versions} of "${object?.key}" from the bucket "${object?.bucket}"`,
    ...(deletion?.kept ?? []).map(keptText),
    soon,
    'URLs of the bucket that were given out before are valid for up to 15 minutes. If a secret was published, replace it: others may have it.',
  ].join('\n');
}

async function takeDown(
  options: ProgramOptions,
  channel: string,
  release: string,
  flags: TakedownFlags,
): Promise<void> {
  const { reason, instead, keepObject = false, yes = false, dryRun } = flags;
  if (!yes && dryRun !== true)
    await confirm(options, release, {
      deed: `Taking down "${release}"`,
      means: `${release} will be unavailable in all channels for ever, and its object with all versions will be deleted. Nothing undoes this.`,
      ask: 'release to take it down',
      done: 'taken down',
    });
  const api = await connect(options, flags);
  const body = { operation: options.operation(), release, reason, instead, dryRun };
  const taken = await api.post<TakenDown>(storagePath('takedowns', channel), body);
  const isDeleted = !keepObject && dryRun !== true && taken.object !== undefined;
  const report: Report =
    isDeleted && taken.object !== undefined
      ? { ...taken, deletion: await deleteIts(options, taken.object, flags) }
      : taken;
  print(options, flags, report, (each) => takenDownText(each, dryRun));
  const [kept] = report.deletion?.kept ?? [];
  if (kept !== undefined) throw new ExitError(kept.why === 'locked' ? exitCodes.conflict : exitCodes.noAccess);
}

export const takedownCommand: AddCommand = (program, options) => {
  program
    .command('takedown <channel> <release>')
    .description('make a release unavailable at once and for ever, and delete its object')
    .requiredOption('--reason <text>', 'why; readers see it')
    .option('--instead <release>', 'the release that readers are told to use')
    .option('--role <arn>', 'the role that may delete the object')
    .option('--bucket-profile <name>', 'the AWS profile that may delete the object')
    .option('--keep-object', 'do not delete the object')
    .option('--yes', 'do not ask for confirmation; required where there is no terminal')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding(
        [
          "channelctl takedown nixos-25.05 nixos-25.05-2025-05-15 --reason 'withdrawn' --role arn:aws:iam::123456789012:role/takedown",
        ],
        'docs/retire.md',
      ),
    )
    .action(async (channel: string, release: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<TakedownFlags>();
      assertExistingChannel(channel);
      assertExistingRelease(release);
      if (flags.instead !== undefined) assertExistingRelease(flags.instead, 'instead');
      await takeDown(options, channel, release, flags);
    });
};
