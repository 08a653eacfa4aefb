import type { NetrcEntry } from '../netrc/netrc-entry.ts';
import { netrcHost } from '../netrc/netrc-host.ts';
import { checkUnreadNetrc } from './check-bucket-netrc.ts';
import type { ChannelCheck } from './check-channel.ts';
import { checkToken } from './check-token.ts';
import type { ReaderOptions } from './examine-reader.ts';
import { isLoopback } from './is-loopback.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

function missing({ reader: { url, base }, netrc, otherNetrcs }: ReaderOptions): ReaderFinding[] {
  const host = netrcHost(url);
  const unread = checkUnreadNetrc(host, netrc.path, otherNetrcs);
  if (unread.length > 0) return unread;
  const why = netrc.file.state === 'absent' ? 'there is no such file' : 'no entry names it';
  return [
    readerFinding(
      'netrc-no-entry',
      netrc.path,
      `Nix has no credentials for ${host}: ${why}.`,
      `Ask the operator for a token: channelctl login ${base} --netrc ${netrc.path}`,
    ),
  ];
}

/** What is wrong with what Nix sends to the service, or with its sending nothing. */
export function checkCredentials(
  options: ReaderOptions,
  { served, findings }: ChannelCheck,
  entry: NetrcEntry | undefined,
): ReaderFinding[] {
  const { reader, netrc, now } = options;
  const { url, base, file } = reader;
  if (entry?.password === undefined) return findings.some(({ kind }) => kind === 'refused') ? missing(options) : [];
  const { password } = entry;
  const refused = served === 'no' ? file : undefined;
  const found = checkToken({ password, subject: netrc.path, refused, now: now() / 1_000 });
  if (url.protocol === 'https:' || isLoopback(url)) return found;
  return [
    ...found,
    readerFinding('http', base, 'Nix sends the token over http: everybody on the way reads it.', 'Use https.'),
  ];
}
