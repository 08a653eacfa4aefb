import { brokenGlobRule } from '../../domain/channel-globs.ts';
import { quoted } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import type { TokenClaims } from './sign-token.ts';

const longestText = 256;

function checkText(field: 'sub' | 'jti' | 'aud' | 'iss', text: string | undefined): void {
  if (text === undefined) return;
  if (text === '' || text.length > longestText || /\p{Cc}/u.test(text))
    throw new InvalidInput(
      field,
      `The claim "${field}" must have 1 to ${longestText} characters and no control characters.`,
    );
}

/** Refuses claims that no reader could use, before they are signed. */
export function checkClaims({ sub, jti, aud, iss, nbf, exp, channels }: TokenClaims): void {
  for (const [field, text] of Object.entries({ sub, jti, aud, iss }))
    checkText(field as 'sub' | 'jti' | 'aud' | 'iss', text);
  for (const glob of channels ?? []) {
    const rule = brokenGlobRule(glob);
    if (rule !== undefined) throw new InvalidInput('channels', `The channel ${quoted(glob)} ${rule}.`);
  }
  if (nbf !== undefined && nbf >= exp)
    throw new InvalidInput('notBefore', 'The token would expire before --not-before: --days count from now.');
}
