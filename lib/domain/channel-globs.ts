import { longestName } from './names.ts';

/** The rule that a name or glob of channels breaks, as the end of a sentence, or undefined. `*` is any run of characters. */
export function brokenGlobRule(glob: string): string | undefined {
  if (glob === '') return 'must not be empty';
  if (glob.length > longestName) return `must be at most ${longestName} characters long`;
  if (!/^[A-Za-z0-9._+*-]*$/.test(glob)) return 'must consist of letters, digits, ". _ + -" and "*" alone';
  return undefined;
}

export const isGlob = (pattern: string): boolean => pattern.includes('*');

/** In time bounded by the product of both lengths, whatever the pattern: tokens bring patterns of their own. */
export function matchesGlob(pattern: string, name: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next;
      next += 1;
      resume = at;
    } else if (pattern[next] === name[at]) {
      next += 1;
      at += 1;
    } else if (star !== -1) {
      next = star + 1;
      resume += 1;
      at = resume;
    } else return false;
  }
  while (pattern[next] === '*') next += 1;
  return next === pattern.length;
}
