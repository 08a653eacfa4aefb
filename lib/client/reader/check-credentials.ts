import { matchesGlob, tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { isLoopback } from '../../domain/urls.ts';
import { type NetrcFile, netrcHost } from '../netrc/find.ts';
import { longestPassword } from '../netrc/parse.ts';
import {
  lengthWarnings,
  notYetValid,
  type ReadToken,
  readToken,
  relativeTime,
  tokenWarnings,
} from '../token/inspect.ts';
import type { ChannelCheck } from './check-channel.ts';
import { checkUnreadNetrc, type NetrcCheck } from './check-netrc.ts';
import { asWarning, type ReaderFinding, type ReaderKind, readerFinding } from './reader-finding.ts';
import { namesIn, type ReaderUrl } from './reader-url.ts';

interface TokenCheck {
  /** Of the netrc entry. */
  readonly password: string;
  /** The netrc file, for what is said of the token in it. */
  readonly subject: string;
  /** What of `/channel/…` was asked for, and answered with 404 or 410. */
  readonly notFound: readonly string[];
  /** Whether something is not served without a good token. */
  readonly isNeeded: boolean;
  /** Seconds since 1970. */
  readonly now: number;
}

const week = 7 * 86_400;
const renew = 'Ask the operator for a new token, and put it there: channelctl login.';

const wait = 'Wait until it is, and see that the clock is right: channelctl token inspect says when.';

/** The channel, as far as its extension is known. */
const channelOf = (file: string): string => file.slice(0, file.length - (tarballFormatOf(file)?.length ?? 0));

function scopeFindings({ payload }: ReadToken, { notFound, subject }: TokenCheck): ReaderFinding[] {
  const { channels } = payload;
  if (!Array.isArray(channels)) return [];
  const globs = channels.filter((each) => typeof each === 'string');
  return notFound
    .filter((file) => !globs.some((glob) => namesIn(file).some((name) => matchesGlob(glob, name))))
    .map((file) =>
      readerFinding(
        'token-scope',
        subject,
        `The token opens ${globs.join(', ').slice(0, 200) || 'no channel'}, and ${channelOf(file)} is none of them.`,
        'Ask the operator for a token that names this channel.',
      ),
    );
}

function findingsOfToken(check: TokenCheck): ReaderFinding[] {
  const { password, subject, now } = check;
  if (password.length > longestPassword)
    return [
      readerFinding(
        'token-dropped',
        subject,
        `The password is ${password.length} characters long: Nix's curl drops it, and sends none.`,
        'Ask the operator for a shorter token: with globs for channels, signed with ES256 or EdDSA.',
      ),
    ];
  let token: ReadToken;
  try {
    token = readToken(password);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return [
      readerFinding(
        'token-form',
        subject,
        'The password is no token (a JWT), which is all that opens private channels.',
        renew,
      ),
    ];
  }
  const lengths = lengthWarnings(password.length);
  const { exp } = token.payload;
  const expiresSoon = typeof exp === 'number' && exp > now && exp - now < week;
  return [
    ...tokenWarnings(token, now)
      .filter((warning) => !lengths.includes(warning))
      .map((warning) => readerFinding('token-refused', subject, warning, warning === notYetValid ? wait : renew)),
    ...(expiresSoon
      ? [readerFinding('token-expires', subject, `The token expires ${relativeTime(exp, now)}.`, renew)]
      : []),
    ...scopeFindings(token, check),
    ...lengths.map((means) =>
      readerFinding(
        'token-long',
        subject,
        means,
        'Nothing, unless a client of yours is that old: Nix 2.26 and 2.34 send it.',
      ),
    ),
  ];
}

/** What is wrong with the token in a netrc entry. Nothing verifies it: only the service can. */
const checkToken = (check: TokenCheck): ReaderFinding[] =>
  findingsOfToken(check).map((one) => (one.severity === 'error' && !check.isNeeded ? asWarning(one) : one));

interface PlacedNetrc {
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
