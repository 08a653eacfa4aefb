import type { Command } from 'commander';
import type { ObjectAddress, TakenDown } from '../../api/answers.ts';
import { storagePath } from '../../api/routes.ts';
import { isDistributionId } from '../../domain/aws.ts';
import { assertExistingChannel, assertExistingRelease } from '../../domain/names.ts';
import type { Deletion, KeptVersion } from '../api/delete-object.ts';
import type { Invalidation } from '../api/invalidate.ts';
import { ExitError, exitCodeOf, exitCodes } from '../exit-codes.ts';
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

/** What CloudFront was asked for. A dry run has neither `id` nor `problem`. */
interface AskedInvalidation extends Invalidation {
  readonly id?: string;
  /** Why there is none, and what to do. */
  readonly problem?: string;
  /** What a person runs instead. */
  readonly command?: string;
}

/** What was done about the object; nothing where it was not to be deleted. */
interface Removal {
  readonly deletion?: Deletion;
  readonly invalidation?: AskedInvalidation;
  readonly exitCode: number;
}

/** What the command prints. */
type Report = TakenDown & Omit<Removal, 'exitCode'>;

interface Target {
  readonly object: ObjectAddress;
  readonly distributionId: string | undefined;
  readonly operation: string;
}

/** The object first: what the bucket still has, CloudFront would get again. */
async function remove(
  options: ProgramOptions,
  { object, distributionId, operation }: Target,
  flags: TakedownFlags,
): Promise<Removal> {
  const [{ deleteObject }, { createInvalidation, invalidationCommand, invalidationPaths }] = await Promise.all([
    import('../api/delete-object.ts'),
    import('../api/invalidate.ts'),
  ]);
  const wanted = distributionId === undefined ? undefined : { distributionId, paths: invalidationPaths(object.key) };
  if (flags.dryRun === true)
    return { ...(wanted === undefined ? {} : { invalidation: wanted }), exitCode: exitCodes.done };
  const { environment, send, sleep, now } = options;
  const { region } = object;
  const profile = flags.bucketProfile ?? flags.profile;
  const credentials = await options.credentials({
    ...(profile === undefined ? {} : { profile }),
    region,
    role: flags.role,
  });
  const sending = { credentials, send, sleep, now, note: noteTo(options) };
  const deletion = await deleteObject(object, sending);
  const [kept] = deletion.kept;
  const deleted = kept === undefined ? exitCodes.done : exitCodes[kept.why === 'locked' ? 'conflict' : 'noAccess'];
  if (wanted === undefined) return { deletion, exitCode: deleted };
  const endpoint = environment.AWS_ENDPOINT_URL_CLOUDFRONT || undefined;
  try {
    const id = await createInvalidation(wanted, { ...sending, region, endpoint, operation });
    return { deletion, invalidation: { ...wanted, id }, exitCode: deleted };
  } catch (error) {
    const command = isDistributionId(wanted.distributionId) ? { command: invalidationCommand(wanted) } : {};
    const invalidation = { ...wanted, problem: (error as Error).message, ...command };
    return { deletion, invalidation, exitCode: deleted || exitCodeOf(error) };
  }
}

function keptText({ version, why, until, message }: KeptVersion): string {
  const name = version === undefined ? 'the object' : `version ${version}`;
  if (why === 'denied')
    return `${name} was not deleted: ${message}. Run the same command with credentials that may delete it, or with --role.`;
  return until === undefined
    ? `${name} was not deleted: it has a legal hold. Whoever set the hold can end it; then run the same command again.`
    : `${name} was not deleted: it is locked until ${until} (Object Lock). Run the same command again after that.`;
}

function invalidationText({ distributionId, paths, id, problem, command }: AskedInvalidation): string {
  const named = paths.map((path) => `"${path}"`).join(' and ');
  if (problem !== undefined)
    return `The caches of CloudFront still have it: ${problem}${command === undefined ? '' : ` Or run: ${command}`}`;
  return id === undefined
    ? `the CloudFront distribution ${distributionId} is told to remove ${named} from its caches`
    : `told the CloudFront distribution ${distributionId} to remove ${named} from its caches, which takes minutes (invalidation ${id})`;
}

export function takenDownText(report: Report, dryRun = false): string {
  const { channel, release, fresh, channels, object, distributionId, deletion, invalidation } = report;
  const caches = invalidation === undefined ? [] : [invalidationText(invalidation)];
  const moved = channels.map(({ channel: name, latest }) =>
    latest === null ? `${name} has no release: readers get 404` : `${name} points to ${latest}`,
  );
  if (dryRun)
    return [`${would(dryRun)}would take down ${release} of ${channel}; afterwards`, ...moved, ...caches].join('\n');
  const versions = deletion?.deleted === 1 ? '1 version' : `${deletion?.deleted} versions`;
  return [
    `${fresh ? 'took down' : 'already taken down:'} ${release}: readers get 410`,
    ...moved,
    deletion === undefined
      ? `The object${object === undefined ? '' : ` "${object.key}" in the bucket "${object.bucket}"`} was not deleted${distributionId === undefined ? '' : ', nor removed from the caches of CloudFront'}.`
      : `deleted ${versions} of "${object?.key}" from the bucket "${object?.bucket}"`,
    ...(deletion?.kept ?? []).map(keptText),
    ...caches,
    soon,
    'Download URLs that were given out before are valid for up to 15 minutes. If a secret was published, replace it: others may have it.',
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
  const operation = options.operation();
  const body = { operation, release, reason, instead, dryRun };
  const taken = await api.post<TakenDown>(storagePath('takedowns', channel), body);
  const { object, distributionId } = taken;
  const { exitCode, ...removal }: Removal =
    keepObject || object === undefined
      ? { exitCode: exitCodes.done }
      : await remove(options, { object, distributionId, operation }, flags);
  print(options, flags, { ...taken, ...removal }, (report: Report) => takenDownText(report, dryRun));
  if (exitCode !== exitCodes.done) throw new ExitError(exitCode);
}

export const takedownCommand: AddCommand = (program, options) => {
  program
    .command('takedown <channel> <release>')
    .description('make a release unavailable at once and for ever, and delete its object')
    .requiredOption('--reason <text>', 'why; readers see it')
    .option('--instead <release>', 'the release that readers are told to use')
    .option('--role <arn>', 'the role that may delete the object')
    .option('--bucket-profile <name>', 'the AWS profile that may delete the object')
    .option('--keep-object', 'do not delete the object, and leave the caches of CloudFront as they are')
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
