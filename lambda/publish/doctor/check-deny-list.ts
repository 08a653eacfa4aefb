import { denyListKey, parseDenyList } from '../../../lib/domain/deny-list.ts';
import { type Finding, finding } from './finding.ts';
import { restore } from './restore.ts';

/** @param text of `revoked.json`; undefined where the bucket has none */
export function checkDenyList(text: string | undefined): Finding[] {
  if (text === undefined) return [];
  try {
    parseDenyList(text);
    return [];
  } catch (error) {
    return [
      finding(
        'deny-list-damaged',
        denyListKey,
        `The deny list cannot be read (${(error as Error).message}): where reading asks for tokens, their bearers get 503 a few minutes later, and nothing can be revoked.`,
        restore(denyListKey),
      ),
    ];
  }
}
