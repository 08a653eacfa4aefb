import { Problem } from '../../lib/domain/problem.ts';

const askAgain = 'ask its operator for a new one';

/** Why somebody is not let in. A fixed list: nothing that a token's parser says is ever shown. */
const sentences = {
  'no-token':
    'Reading this needs a token, as the password for this host in the file that Nix\'s setting "netrc-file" names: "channelctl login" writes it, and says what to set.',
  malformed: 'The credentials sent are no token of this service: it is the password of HTTP Basic, or a Bearer token.',
  signature: `The token is not signed with a key of this service: ${askAgain}.`,
  claims: `The token breaks a rule of this service for what it must and must not say: ${askAgain}.`,
  'no-expiry': `The token has no expiry, which this service demands: ${askAgain}.`,
  lifetime: `The token is valid for longer than this service allows: ${askAgain}.`,
  expired: `The token expired at %: ${askAgain}.`,
  'not-yet-valid': 'The token is not valid before %: wait until then, and see that the clock is right.',
  audience: 'The token is meant for another audience: get one for this service.',
  revoked: `The token was revoked: ${askAgain}.`,
} as const;

export type RefusalReason = keyof typeof sentences;

export const refusalReasons = Object.keys(sentences) as readonly RefusalReason[];

/** Seconds since 1970 as the sentence has them; a time beyond what a date can hold is cut to its end. */
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
