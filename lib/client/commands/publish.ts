import { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { ChangedChannel, Published, Rehearsed } from '../../api/answers.ts';
import { regionOfGeneratedDomain } from '../../domain/aws.ts';
import { assertExistingChannel } from '../../domain/names.ts';
import { InvalidInput, Problem } from '../../domain/problem.ts';
import { declaredFacts } from '../../domain/release.ts';
import type { ChannelApi } from '../api/channel-api.ts';
import { UsageError } from '../exit-codes.ts';
import { isGithubActions } from '../text.ts';
import {
  type AddCommand,
  byteSize,
  connect,
  count,
  dryRunOption,
  type Globals,
  helpEnding,
  listOf,
  noteTo,
  print,
  progressOf,
  soon,
  would,
} from './context.ts';
import { changedText, promotionPath } from './going-back.ts';

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
  readonly allowPrivate?: boolean;
  readonly versionFiles?: boolean;
  readonly also?: readonly string[];
  readonly dotenv?: string;
}

const sourceHelp = `
The path is a file, a directory, a git checkout, an https URL, or - for standard
input, which is also read where no path is given and something is piped in.

From a URL, rev, revCount and lastModified are those of its Link, as for Nix, and
what the archive says of itself must agree. Where the channel's latest release has
the same narHash, nothing changes.

Of a git checkout, the files that git tracks are packed, as they are in the
working tree. As in Nix's own git fetcher, export-ignore and export-subst in
.gitattributes have no effect. If git cannot read the checkout, nothing is packed.
Of any other directory, every file is packed.`;

export const publishCommand: AddCommand = (program, options) => {
  program
    .command('publish <channel> [path]')
    .description('publish a tarball, a directory or a URL as the latest release of a channel')
    .option('--name <release>', 'name of the release (default: that of the file, or from channel, date and rev)')
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
    .option('--also <channel>', 'promote the release to this channel as well; may be given several times', listOf)
    .option('--version-files', 'add the .version-suffix and .git-revision of a nixpkgs channel to a packed directory')
    .option('--allow-private', 'let the URL lead to private addresses, or by http to this machine')
    .option(
      '--dotenv <file>',
      'write RELEASE, PERMANENT_URL, CHANNEL_URL, NAR_HASH and LATEST to a file, for later jobs',
    )
    .option(...dryRunOption)
    .addHelpText('after', sourceHelp)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl publish nixos-25.05 .',
        'channelctl publish nixos-25.05 nixos-25.05-2025-05-15.tar.xz --rev-count 800000',
        'channelctl publish nixos-25.05 nixexprs.tar.xz --name nixos-25.05-2025-05-15 --dry-run',
        'channelctl publish nixos-25.05 https://channels.nixos.org/nixos-25.05/nixexprs.tar.xz',
        'ssh builder cat nixexprs.tar.xz | channelctl publish demo - --name demo-7 --also demo-stable',
      ]),
    )
    .action(async (channel: string, given: string | undefined, _: unknown, command: Command) => {
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
      const { versionFiles = false, allowPrivate = false, also = [] } = flags;
      const stdin = options.stdin ?? Readable.from([]);
      if (given === undefined && options.stdin?.isTTY === true)
        throw new UsageError('There is nothing to publish: give a path, a URL, or pipe a file into the command.');
      const path = given ?? '-';
      const facts = declaredFacts({ rev, revCount, lastModified, narHash });
      assertPromotable(channel, also);
      const isRemote = path === '-' || /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
      const note = noteTo(options);
      const client = { ...options, api: await connect(options, flags), progress: progressOf(options), note };
      const rules = { allowDirty, ignoreGit: !git, submodules, allowLfsPointers, versionFiles };
      const input = { channel, path, stdin, name, facts, look, force, dryRun, rules, maxUnpacked, allowPrivate };
      const published = isRemote
        ? await (await import('../publish/publish-url.ts')).publishRemote(client, input)
        : await (await import('../publish/publish-file.ts')).publishFile(client, input);
      if ('permanentUrl' in published && regionOfGeneratedDomain(published.permanentUrl) !== undefined)
        note(
          `warning: locks will hold ${new URL(published.permanentUrl).host} and break with that API: deploy it with a domain or baseUrl first.`,
        );
      const { dotenv } = flags;
      const { environment } = options;
      if (published.status === 'published' && (dotenv !== undefined || isGithubActions(environment))) {
        const { ciFiles, writeCiFiles } = await import('../publish/ci-output.ts');
        const delimiter = `value_${options.operation()}`;
        await writeCiFiles(ciFiles(published, { environment, dotenv, delimiter }));
      }
      if (also.length === 0) return print(options, flags, published, publishedText);
      const operation = options.operation();
      const promoted = await promoteAlso(client.api, published, { channels: also, force, operation });
      print(options, flags, { ...published, also: promoted }, (each) =>
        [publishedText(each), ...alsoTexts(each, also)].join('\n'),
      );
    });
};

/** Before anything is published. */
function assertPromotable(channel: string, also: readonly string[]): void {
  for (const to of also) {
    assertExistingChannel(to, 'also');
    if (to === channel) throw new InvalidInput('also', `--also ${to} names the channel that is published to.`);
  }
}

interface Also {
  readonly channels: readonly string[];
  readonly force: boolean;
  readonly operation: string;
}

/**
 * Promotes what was published to further channels. A release that one of them has already changes nothing there, so that a run that is
 * repeated completes what was missing and undoes no rollback.
 */
async function promoteAlso(
  api: Pick<ChannelApi, 'post'>,
  published: Published | Rehearsed,
  { channels, force, operation }: Also,
): Promise<readonly ChangedChannel[]> {
  // A dry run has no release to promote; and a late repeat must not promote what is not the latest any more.
  if (published.status === 'rehearsed' || !published.latest) return [];
  const { channel, release, fresh } = published;
  const done: ChangedChannel[] = [];
  const failures: { readonly to: string; readonly error: Problem }[] = [];
  for (const to of channels) {
    try {
      done.push(await api.post(promotionPath(channel, to), { operation, release, force }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      failures.push({ to, error });
    }
  }
  const [first] = failures;
  if (first === undefined) return done;
  const { status, code } = first.error;
  const made = [`${release} ${fresh ? 'was published' : 'is already published'} to ${channel}`];
  if (done.length > 0) made.push(`promoted to ${done.map((each) => each.channel).join(', ')}`);
  const reasons = failures.map(({ to, error }) => `It was not promoted to ${to}: ${error.message}`);
  const next = failures.map(({ to }) => `channelctl promote ${channel} ${to} --release ${release}`).join(' && ');
  throw new Problem(status, code, `${made.join(' and ')}. ${reasons.join(' ')} Then run: ${next}`, { field: 'also' });
}

function alsoTexts(
  published: (Published | Rehearsed) & { readonly also: readonly ChangedChannel[] },
  channels: readonly string[],
): readonly string[] {
  if (published.status === 'rehearsed') return [`It would then be promoted to ${channels.join(', ')}.`];
  if (!published.latest) return [`It was not promoted to ${channels.join(', ')}, because it is not the latest.`];
  return published.also.map((each) => `${each.channel}: ${changedText(each)}`);
}

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
