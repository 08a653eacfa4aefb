import { matchesGlob } from '../../domain/channel-globs.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { tarballFormatOf } from '../../domain/tarball-formats.ts';
import { type ReadToken, readToken } from '../token/read-token.ts';
import { relativeTime } from '../token/time-claim.ts';
import { lengthWarnings, longestPassword } from '../token/token-lengths.ts';
import { notYetValid, tokenWarnings } from '../token/token-warnings.ts';
import { asWarning, type ReaderFinding, readerFinding } from './reader-finding.ts';

export interface TokenCheck {
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

/** The names that may be meant: all of it, and every beginning that ends before a dot. */
const namesOf = (file: string): readonly string[] => [
  file,
  ...[...file.matchAll(/\./g)].map(({ index }) => file.slice(0, index)),
];

/** The channel, as far as its extension is known. */
const channelOf = (file: string): string => file.slice(0, file.length - (tarballFormatOf(file)?.length ?? 0));

function scopeFindings({ payload }: ReadToken, { notFound, subject }: TokenCheck): ReaderFinding[] {
  const { channels } = payload;
  if (!Array.isArray(channels)) return [];
  const globs = channels.filter((each) => typeof each === 'string');
  return notFound
    .filter((file) => !globs.some((glob) => namesOf(file).some((name) => matchesGlob(glob, name))))
    .map((file) =>
      readerFinding(
        'token-scope',
        subject,
        `The token opens ${globs.join(', ').slice(0, 200) || 'no channel'}, and ${channelOf(file)} is none of them.`,
        'Ask the operator for a token that names this channel.',
      ),
    );
}

function tokenFindings(check: TokenCheck): ReaderFinding[] {
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
export const checkToken = (check: TokenCheck): ReaderFinding[] =>
  tokenFindings(check).map((one) => (one.severity === 'error' && !check.isNeeded ? asWarning(one) : one));
