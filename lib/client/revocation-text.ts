import type { Revoked } from '../../lambda/publish/revoke.ts';
import { type DenialEntry, denialKinds } from '../domain/deny-list.ts';
import { escapeControls } from './escape-controls.ts';

/** @param seconds since 1970; other tools may write such as no calendar has */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

function subjectText(entry: Partial<DenialEntry>): string {
  const [kind = 'jti'] = denialKinds.filter((one) => entry[one] !== undefined);
  const value = entry[kind] ?? '';
  return escapeControls(kind === 'issuedBefore' ? `issued before ${timeText(Number(value))}` : `${kind} ${value}`);
}

const endText = ({ until }: Partial<DenialEntry>): string => (until === undefined ? '' : ` until ${timeText(until)}`);

export function revocationText(entry: DenialEntry): string {
  const { at, by, reason } = entry;
  const made = [at === undefined ? '' : ` at ${at}`, by === undefined ? '' : ` by ${by}`].join('');
  return `${subjectText(entry)}${endText(entry)}${escapeControls(`${made}${reason === undefined ? '' : `: ${reason}`}`)}`;
}

const deeds = { revoke: 'revoked', unrevoke: 'taken back' } as const;
const rehearsed = { revoke: 'revoke', unrevoke: 'take back' } as const;

export function revokedText({ action, fresh, revocation }: Revoked, dryRun = false): string {
  const what = `${subjectText(revocation)}${endText(revocation)}`;
  if (!fresh) return action === 'revoke' ? `is so already: ${what}` : `nothing to do: ${what} is not revoked`;
  if (dryRun) return `dry run: would ${rehearsed[action]} ${what}`;
  const handedOut = action === 'revoke' ? ' URLs handed out before live up to 15 minutes.' : '';
  const key =
    action === 'revoke' && revocation.kid !== undefined
      ? "\nWhoever has the key can still make tokens: take it out of the service's keys before this entry ends."
      : '';
  return `${deeds[action]}: ${what}\nIt takes effect within the API's maximum age, 30 s by default.${handedOut}${key}`;
}
