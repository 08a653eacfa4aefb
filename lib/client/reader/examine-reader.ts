import type { ArchiveWarning } from '../../nar/inspect.ts';
import { findNetrc, netrcFile, netrcHost } from '../netrc/find.ts';
import { basicAuthorization, type NetrcEntry } from '../netrc/parse.ts';
import { type Ask, type AskOptions, createAsk, findCertificates } from './ask.ts';
import { type ChannelCheck, checkChannel } from './check-channel.ts';
import { type CredentialsOptions, checkCredentials } from './check-credentials.ts';
import { checkLock, checkNix, findNixVersion, inputSubject, type LockedInput, lockedInputs } from './check-lock.ts';
import { checkBucketNetrc, checkNetrc } from './check-netrc.ts';
import { checkPermanent, createInspectRelease, type InspectRelease } from './check-permanent.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';
import { parseReaderUrl, type ReaderUrl } from './reader-url.ts';

interface ReaderOptions extends CredentialsOptions {
  readonly ask: Ask;
  /** Of the flake.lock, if one is checked. */
  readonly inputs: readonly LockedInput[] | undefined;
  /** Of the Nix on PATH; undefined if there is none. */
  readonly nixVersion: string | undefined;
  /** Inspects the archive that a reader of the channel gets. */
  readonly inspectRelease: InspectRelease;
}

interface ReaderExamination {
  readonly findings: readonly ReaderFinding[];
  /** What may surprise readers of the archive. */
  readonly warnings: readonly ArchiveWarning[];
}

interface Target {
  readonly subject: string;
  readonly url: URL;
}

/** Presigned URLs and tokens both contain times. */
const maxSkewMs = 60_000;

function clockFindings({ origin }: URL, { skewMs = 0 }: ChannelCheck): ReaderFinding[] {
  if (Math.abs(skewMs) <= maxSkewMs) return [];
  const by = `${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
  return [
    readerFinding(
      'clock',
      origin,
      `The clock of this machine is ${by} the service's: what this check says about the expiry of tokens is off by the same time.`,
      'Set the clock, by NTP for example.',
    ),
  ];
}

/** The credentials that Nix would send, only to the given origin: URLs in a Link, a Location or a lock get none. */
function authorizer({ url }: ReaderUrl, entry: NetrcEntry | undefined): (to: URL) => Readonly<Record<string, string>> {
  const authorization = basicAuthorization(entry);
  if (authorization === undefined) return () => ({});
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

/** The permanent URLs that must lead to bytes, each once. */
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

/** Everything that is wrong with reading one channel, or a whole service, from this machine. */
export async function examineReader(options: ReaderOptions): Promise<ReaderExamination> {
  const { reader, ask, netrc, inputs = [], inspectRelease } = options;
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
    const inspected = await inspectRelease({ subject, permanent: target, bucket: checked.bucket, size: checked.size });
    findings.push(...inspected.findings);
    warnings.push(...inspected.warnings);
  }
  const ofBucket = checkBucketNetrc(netrc.path, netrc.file, bucket);
  const rest = ofBucket.filter((one) => !ofNetrc.findings.some(({ kind }) => kind === one.kind));
  return { findings: [...findings, ...rest], warnings };
}

interface Examination extends ReaderExamination {
  readonly reader: ReaderUrl;
  /** The netrc file that Nix reads. */
  readonly netrcPath: string;
}

interface ExaminedFiles {
  readonly url: string;
  /** The netrc file; Nix's own if undefined. */
  readonly netrc: string | undefined;
  readonly lockFile: { readonly path: string; readonly text: string } | undefined;
}

/** Examines reading with the settings and files of this machine. */
export async function examineMachine(
  { environment, send, now }: Omit<AskOptions, 'authorities'>,
  { url, netrc, lockFile }: ExaminedFiles,
): Promise<Examination> {
  const reader = parseReaderUrl(url);
  const { hostname } = reader.url;
  const inputs = lockFile === undefined ? undefined : lockedInputs(lockFile.text, hostname, lockFile.path);
  const { path, others } = await findNetrc(netrc, environment);
  const authorities = await findCertificates(environment);
  const placed = async (each: string) => ({ path: each, file: await netrcFile(each) });
  const examined = await examineReader({
    reader,
    ask: createAsk({ send, now, environment, authorities }),
    netrc: await placed(path),
    otherNetrcs: await Promise.all(others.map(placed)),
    inputs,
    nixVersion: await findNixVersion(environment),
    now,
    inspectRelease: createInspectRelease({ send, environment, authorities }),
  });
  const unused =
    lockFile === undefined || inputs?.length !== 0
      ? []
      : [
          readerFinding(
            'lock-nothing',
            lockFile.path,
            `None of its inputs comes from ${hostname}.`,
            'Check the URL and the file.',
          ),
        ];
  return { reader, netrcPath: path, findings: [...examined.findings, ...unused], warnings: examined.warnings };
}
