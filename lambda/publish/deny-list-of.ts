import { Conflict } from '../../lib/api/problem.ts';
import { type DenyList, denyListKey, emptyDenyList, parseDenyList } from '../../lib/domain/deny-list.ts';

/** A list that is damaged is changed by nobody: what it denied would be let in. */
export function denyListOf(text: string | undefined): DenyList {
  if (text === undefined) return emptyDenyList;
  try {
    return parseDenyList(text);
  } catch (error) {
    throw new Conflict(
      'damaged',
      `The deny list cannot be read (${(error as Error).message}), so it is not written over: put its last good version back (aws s3api list-object-versions --prefix ${denyListKey}), conditionally, then run this again.`,
    );
  }
}
