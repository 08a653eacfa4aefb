import type { NetrcFile } from '../netrc/netrc-file.ts';
import { netrcHost } from '../netrc/netrc-host.ts';
import { checkUnreadNetrc } from './check-bucket-netrc.ts';
import type { ChannelCheck } from './check-channel.ts';
import type { NetrcCheck } from './check-netrc.ts';
import { checkToken } from './check-token.ts';
import { isLoopback } from './is-loopback.ts';
import { type ReaderFinding, type ReaderKind, readerFinding } from './reader-finding.ts';
import type { ReaderUrl } from './reader-url.ts';

export interface PlacedNetrc {
  readonly path: string;
  readonly file: NetrcFile;
}

/** What was asked for, and which credentials Nix has for it. */
export interface CredentialsOptions {
  readonly reader: ReaderUrl;
  readonly netrc: PlacedNetrc;
  /** Netrc files that Nix does not read. */
  readonly otherNetrcs: readonly PlacedNetrc[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

function missing({ reader: { url, base }, netrc, otherNetrcs }: CredentialsOptions): ReaderFinding[] {
  const host = netrcHost(url);
  const unread = checkUnreadNetrc(host, netrc.path, otherNetrcs);
  if (unread.length > 0) return unread;
  const why = netrc.file.state === 'absent' ? 'there is no such file' : 'no entry names it';
  return [
    readerFinding(
      'netrc-no-entry',
      netrc.path,
      `Nix has no credentials for ${host}: ${why}.`,
      `Ask the operator for a token: channelctl login ${base}`,
    ),
  ];
}

const found = ({ findings }: { readonly findings: readonly ReaderFinding[] }, ...kinds: readonly ReaderKind[]) =>
  findings.some(({ kind }) => kinds.includes(kind));

function tokenFindings(
  options: CredentialsOptions,
  channels: readonly ChannelCheck[],
  password: string,
): ReaderFinding[] {
  const { reader, netrc, now } = options;
  const { url, base } = reader;
  const notFound = channels.filter((channel) => found(channel, 'not-found')).map((channel) => channel.reader.file);
  const check = {
    password,
    subject: netrc.path,
    notFound: notFound.filter((file) => file !== undefined),
    isNeeded: channels.some(({ served, findings }) => served !== 'yes' && findings.length > 0),
    now: now() / 1_000,
  };
  if (url.protocol === 'https:' || isLoopback(url)) return checkToken(check);
  return [
    ...checkToken(check),
    readerFinding('http', base, 'Nix sends the token over http: everybody on the way reads it.', 'Use https.'),
  ];
}

/** What is wrong with what Nix sends to the service, or with its sending nothing. */
export function checkCredentials(
  options: CredentialsOptions,
  channels: readonly ChannelCheck[],
  netrc: NetrcCheck,
): ReaderFinding[] {
  const { entry } = netrc;
  if (entry?.password !== undefined) return tokenFindings(options, channels, entry.password);
  const isExplained = entry !== undefined || found(netrc, 'netrc-unreadable', 'netrc-damaged');
  return !isExplained && channels.some((channel) => found(channel, 'refused')) ? missing(options) : [];
}
