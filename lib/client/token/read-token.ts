import { type DecodedToken, decodeToken } from '../../../lambda/auth/decode-token.ts';
import { InvalidInput } from '../../domain/problem.ts';

/** A token taken apart; nothing of it is verified. */
export interface ReadToken extends DecodedToken {
  /** Without the blanks around it. */
  readonly text: string;
}

/** Takes a token apart. No message quotes it, because it is a password. @throws InvalidInput */
export function readToken(given: string): ReadToken {
  const text = given.trim();
  if (text === '')
    throw new InvalidInput('token', 'The token is empty: give it on standard input, or give the name of its file.');
  const decoded = decodeToken(text);
  if ('rule' in decoded)
    throw new InvalidInput(
      'token',
      `This is not a token (a JWT, RFC 7519): ${decoded.rule}. Give only the token, as token create prints it.`,
    );
  return { text, ...decoded };
}

/** Over this Nix's curl drops a password, and says nothing. */
export const longestPassword = 4095;

/** What older clients did with a long password from netrc (curl/curl 2676 and 15513). */
export function lengthWarnings(length: number): string[] {
  if (length > longestPassword)
    return [
      `The token is ${length} characters long: curl, and so Nix, drops passwords over ${longestPassword} silently.`,
    ];
  const cut = length > 246 ? ', curl before 7.61 (2018) cuts it off' : '';
  return length > 128
    ? [`The token is ${length} characters long: curl 8.11.0 refuses netrc passwords over 128${cut}.`]
    : [];
}
