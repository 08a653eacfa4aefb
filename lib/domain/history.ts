import { InvalidInput } from './problem.ts';
import type { Change, ChannelRecord } from './record.ts';

/** A change, or of a release that is older than what the record remembers, its name alone. */
export type HistoryEntry = Change | { readonly release: string };

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** Where the next page begins; absent on the last. */
  readonly next?: string;
}

/**
 * A channel's history, newest first: its remembered changes, then the releases of `previous` that none of them names.
 * A cursor is `s` and the serial, or `p` and the place in `previous`, of the last entry given; both stay true while the
 * record grows.
 */
export function historyPage(record: ChannelRecord, after: string | undefined, limit: number): HistoryPage {
  const remembered = new Set(
    record.history.filter(({ action }) => !action.endsWith('yank')).map(({ release }) => release),
  );
  const forgotten = record.previous.map((release, place) => ({ cursor: `p${place}`, place, entry: { release } }));
  const all: { readonly cursor: string; readonly entry: HistoryEntry }[] = [
    ...record.history.map((change) => ({ cursor: `s${change.serial}`, entry: change })).reverse(),
    ...forgotten.filter(({ entry }) => !remembered.has(entry.release)).reverse(),
  ];
  const begin = after === undefined ? 0 : all.findIndex(({ cursor }) => cursor === after) + 1;
  if (after !== undefined && begin === 0)
    throw new InvalidInput('after', 'This place in the history is not remembered: begin again without "after".');
  const page = all.slice(begin, begin + limit);
  const last = page.at(-1);
  const entries = page.map(({ entry }) => entry);
  return last === undefined || begin + limit >= all.length ? { entries } : { entries, next: last.cursor };
}
