import { Problem } from '../../lib/domain/problem.ts';

const askAgain = 'ask its operator for a new one';

/** Why access is refused. A fixed list: nothing that a token's parser says is ever shown. */
const sentences = {
  'no-token':
    'Reading this needs a token, as the password for this host in the file that Nix\'s setting "netrc-file" names: "channelctl login" writes it, and says what to set.',
  malformed: 'The credentials are not a valid token: send it as the password of HTTP Basic, or as a Bearer token.',
  signature: `The token is not signed with a key of this service: ${askAgain}.`,
  claims: `The token has claims that this service does not accept: ${askAgain}.`,
  'claim-type': `The token has a claim of the wrong type (exp, nbf and iat are numbers; iss, sub, jti, kid and scope are text): ${askAgain}.`,
  'no-expiry': `The token has no expiry (exp), which this service requires: ${askAgain}.`,
  lifetime: `The token is valid for longer than this service allows: ${askAgain}.`,
  expired: `The token expired at %: ${askAgain}.`,
  'not-yet-valid': 'The token is not valid before %: wait until then, and see that the clock is right.',
  audience: 'The token is meant for another audience: get one for this service.',
  revoked: `The token was revoked: ${askAgain}.`,
} as const;

export type RefusalReason = keyof typeof sentences;

export const refusalReasons = Object.keys(sentences) as readonly RefusalReason[];

/** Seconds since 1970 as the sentence has them; a time that no date can hold becomes the nearest one. */
const timeOf = (seconds: number): string => {
  const limit = 8_640_000_000_000;
  return new Date(Math.min(Math.max(seconds, -limit), limit) * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
};

/** 401. `code` is the reason, for metrics. @param time seconds since 1970, where the sentence names one */
export class Unauthorized extends Problem {
  constructor(reason: RefusalReason, time = 0) {
    super(
      401,
      reason,
      sentences[reason].replace('%', () => timeOf(time)),
    );
  }
}
