import type { Change, ChannelRecord } from './record.ts';

/** The latest after a change, where it moved the latest. */
function movedTo({ action, release, from, to }: Change): string | undefined {
  const after = action === 'yank' || action === 'unyank' ? to : release;
  return after === from ? undefined : after;
}

/** The newest change that made a release the latest; undefined where the history does not remember one. */
export const latestMove = ({ history }: ChannelRecord): Change | undefined =>
  history.findLast((entry) => movedTo(entry) !== undefined);

/**
 * When the latest release became that, in milliseconds since 1970. Undefined where the history does not tell: another tool
 * wrote the record since, or it was longer ago than the history remembers.
 */
export function latestSince(record: ChannelRecord): number | undefined {
  const { latest } = record;
  if (latest === undefined) return undefined;
  const change = latestMove(record);
  if (change === undefined || movedTo(change) !== latest) return undefined;
  const time = Date.parse(change.at);
  return Number.isNaN(time) ? undefined : time;
}
