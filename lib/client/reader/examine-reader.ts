import type { ArchiveWarning } from '../../nar/archive-warnings.ts';
import { netrcHost } from '../netrc/find.ts';
import { isSent, type NetrcEntry } from '../netrc/parse.ts';
import { longestPassword } from '../token/read-token.ts';
import type { Ask } from './ask.ts';
import { type ChannelCheck, checkChannel } from './check-channel.ts';
import { type CredentialsOptions, checkCredentials } from './check-credentials.ts';
import { checkLock, checkNix, inputSubject, type LockedInput } from './check-lock.ts';
import { checkBucketNetrc, checkNetrc } from './check-netrc.ts';
import { checkPermanent, type InspectRelease } from './check-permanent.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';
import { parseReaderUrl, type ReaderUrl } from './reader-url.ts';

interface ReaderOptions extends CredentialsOptions {
  readonly ask: Ask;
  /** Of the flake.lock, if one is to be looked at. */
  readonly inputs: readonly LockedInput[] | undefined;
  /** Of the Nix on PATH; undefined without one. */
  readonly nixVersion: string | undefined;
  /** Looks at the archive that a reader of the channel gets. */
  readonly look: InspectRelease;
}

interface ReaderExamination {
  readonly findings: readonly ReaderFinding[];
  /** What readers of the archive may trip over. */
  readonly warnings: readonly ArchiveWarning[];
}

interface Target {
  readonly subject: string;
  readonly url: URL;
}

/** Milliseconds: presigned URLs and tokens both name times. */
const maxSkewMs = 60_000;

function clockFindings({ origin }: URL, { skew = 0 }: ChannelCheck): ReaderFinding[] {
  if (Math.abs(skew) <= maxSkewMs) return [];
  const by = `${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? 'ahead of' : 'behind'}`;
  return [
    readerFinding(
      'clock',
      origin,
      `The clock of this machine is ${by} the service's: what is said here of tokens that expire is off by as much.`,
      'Set the clock, by NTP for example.',
    ),
  ];
}

/** The credentials that Nix would send, to where it was asked alone: what stands in a Link, a Location or a lock gets none. */
function authorizer({ url }: ReaderUrl, entry: NetrcEntry | undefined): (to: URL) => Readonly<Record<string, string>> {
  const { login = '', password = '' } = entry ?? {};
  if (!isSent(entry) || password.length > longestPassword) return () => ({});
  const authorization = `Basic ${Buffer.from(`${login}:${password}`, 'latin1').toString('base64')}`;
  return ({ origin }) => (origin === url.origin ? { authorization } : {});
}

/** The channels that inputs come from, each once. */
function otherChannels({ reader, inputs = [] }: ReaderOptions): readonly ReaderUrl[] {
  const found = inputs
    .map(({ original }) => (original === undefined ? undefined : parseReaderUrl(original.href)))
    .filter((each) => each !== undefined)
    .filter(({ url, base, file }) => base === reader.base && file !== undefined && url.href !== reader.url.href);
  return [...new Map(found.map((each) => [each.url.href, each])).values()];
}

/** The permanent URLs that are to lead to bytes, each once, with whose they are. */
function permanentUrls({ reader, inputs = [] }: ReaderOptions, { locked }: ChannelCheck): Iterable<Target> {
  const { url, base, isPermanent } = reader;
  const targets: Target[] = [
    ...(isPermanent ? [{ subject: url.href, url }] : []),
    ...(locked === undefined ? [] : [{ subject: url.href, url: locked }]),
    ...inputs
      .filter((input) => input.locked.href.startsWith(`${base}/permanent/`))
      .map((input) => ({ subject: inputSubject(input), url: input.locked })),
  ];
  return new Map(targets.map((target) => [target.url.pathname, target])).values();
}

/** Everything that there is to say of reading one channel, or a whole service, from this machine. */
export async function examineReader(options: ReaderOptions): Promise<ReaderExamination> {
  const { reader, ask, netrc, inputs = [], look } = options;
  const { url, base } = reader;
  const ofNetrc = checkNetrc(netrc.path, netrc.file, netrcHost(url));
  const authorize = authorizer(reader, ofNetrc.entry);
  const channel = await checkChannel(reader, ask, authorize(url));
  const channels = [channel];
  for (const each of otherChannels(options)) channels.push(await checkChannel(each, ask, authorize(each.url)));
  const findings = [
    ...channels.flatMap((each) => each.findings),
    ...clockFindings(url, channel),
    ...checkNix(options.nixVersion),
    ...ofNetrc.findings,
    ...checkCredentials(options, channels, ofNetrc),
    ...inputs.flatMap((input) => checkLock(input, base)),
  ];
  const warnings: ArchiveWarning[] = [];
  let bucket: URL | undefined;
  for (const { subject, url: target } of permanentUrls(options, channel)) {
    const checked = await checkPermanent(subject, target, { ask, authorize });
    findings.push(...checked.findings);
    bucket ??= checked.bucket;
    const isOfChannel = target === channel.locked || target === url;
    if (!isOfChannel || checked.bucket === undefined || checked.size === undefined) continue;
    const looked = await look({ subject, permanent: target, bucket: checked.bucket, size: checked.size });
    findings.push(...looked.findings);
    warnings.push(...looked.warnings);
  }
  const ofBucket = checkBucketNetrc(netrc.path, netrc.file, bucket);
  const rest = ofBucket.filter((one) => !ofNetrc.findings.some(({ kind }) => kind === one.kind));
  return { findings: [...findings, ...rest], warnings };
}
