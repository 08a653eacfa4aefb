import type { NetrcFile } from '../netrc/netrc-file.ts';
import { netrcHost } from '../netrc/netrc-host.ts';
import type { Ask } from './ask.ts';
import { checkBucketNetrc, checkUnreadNetrc } from './check-bucket-netrc.ts';
import { type ChannelCheck, checkChannel } from './check-channel.ts';
import { checkLock, inputSubject } from './check-lock.ts';
import { checkNetrc } from './check-netrc.ts';
import { checkPermanent } from './check-permanent.ts';
import { checkToken } from './check-token.ts';
import { isLoopback } from './is-loopback.ts';
import type { LockedInput } from './locked-inputs.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';
import { parseReaderUrl, type ReaderUrl } from './reader-url.ts';

export interface PlacedNetrc {
  readonly path: string;
  readonly file: NetrcFile;
}

export interface ReaderOptions {
  readonly reader: ReaderUrl;
  readonly ask: Ask;
  readonly netrc: PlacedNetrc;
  /** Netrc files that Nix does not read. */
  readonly otherNetrcs: readonly PlacedNetrc[];
  /** Of the flake.lock, if one is to be looked at. */
  readonly inputs: readonly LockedInput[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Milliseconds: presigned URLs and tokens both name times. */
const mostSkew = 60_000;

function clockFindings({ origin }: URL, { skew = 0 }: ChannelCheck): ReaderFinding[] {
  if (Math.abs(skew) <= mostSkew) return [];
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

/** Everything that there is to say of reading one channel, or a whole service, from this machine. */
export async function examineReader(options: ReaderOptions): Promise<ReaderFinding[]> {
  const { reader, ask, netrc, otherNetrcs, inputs = [], now } = options;
  const { url, base, file } = reader;
  const host = netrcHost(url);
  const { findings: ofNetrc, entry } = checkNetrc(netrc.path, netrc.file, host);
  const password = entry?.password;
  const basic = Buffer.from(`${entry?.login ?? ''}:${password}`, 'latin1').toString('base64');
  // To where it was asked alone: whatever else stands in a Link, a Location or a lock gets no credentials.
  const authorize = (to: URL): Readonly<Record<string, string>> =>
    password === undefined || to.origin !== url.origin ? {} : { authorization: `Basic ${basic}` };

  const channel = await checkChannel(reader, ask, authorize(url));
  const findings = [...channel.findings, ...clockFindings(url, channel), ...ofNetrc];
  if (password !== undefined) {
    const refused = channel.served === 'no' ? file : undefined;
    findings.push(...checkToken({ password, subject: netrc.path, refused, now: now() / 1_000 }));
    if (url.protocol === 'http:' && !isLoopback(url))
      findings.push(
        readerFinding('http', base, 'Nix sends the token over http: everybody on the way reads it.', 'Use https.'),
      );
  } else if (channel.findings.some(({ kind }) => kind === 'refused')) {
    const means = `Nix has no credentials for ${host}: ${netrc.file.state === 'absent' ? 'there is no such file' : 'no entry names it'}.`;
    const unread = checkUnreadNetrc(host, netrc.path, otherNetrcs);
    const fix = `Ask the operator for a token: channelctl login ${base} --netrc ${netrc.path}`;
    findings.push(...(unread.length > 0 ? unread : [readerFinding('netrc-no-entry', netrc.path, means, fix)]));
  }

  const targets = new Map<string, readonly [subject: string, url: URL]>();
  if (reader.isPermanent) targets.set(url.pathname, [url.href, url]);
  if (channel.locked !== undefined) targets.set(channel.locked.pathname, [url.href, channel.locked]);
  for (const input of inputs) {
    findings.push(...checkLock(input, base));
    if (input.locked.href.startsWith(`${base}/permanent/`))
      targets.set(input.locked.pathname, [inputSubject(input), input.locked]);
    const { original } = input;
    if (original?.href.startsWith(`${base}/channel/`) && original.href !== url.href)
      findings.push(...(await checkChannel(parseReaderUrl(original.href), ask, authorize(original))).findings);
  }
  let bucket: URL | undefined;
  for (const [subject, target] of targets.values()) {
    const checked = await checkPermanent(subject, target, { ask, authorize });
    findings.push(...checked.findings);
    bucket ??= checked.bucket;
  }
  return [...findings, ...checkBucketNetrc(netrc.path, netrc.file, bucket)];
}
