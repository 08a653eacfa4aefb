import { isReadableName } from './names.ts';
import type { Change, ChannelRecord } from './record.ts';

/** The latest before and after a change. */
type Step = Pick<Change, 'from' | 'to'>;

function stepOf({ action, release, from, to }: Change): Step {
  const after = action === 'yank' || action === 'unyank' ? to : (release ?? from);
  return { ...(from === undefined ? {} : { from }), ...(after === undefined ? {} : { to: after }) };
}

const movesLatest = (change: Change): boolean => {
  const { from, to } = stepOf(change);
  return from !== to;
};

/** The newest change that made a release the latest; undefined where the history has none. */
export const latestMove = ({ history }: ChannelRecord): Change | undefined =>
  history.findLast((entry) => movesLatest(entry) && stepOf(entry).to !== undefined);

/**
 * When the latest release became the latest, in milliseconds since 1970. Undefined where the history does not have it: another
 * tool wrote the record since, or the history does not go back that far.
 */
export function latestSince(record: ChannelRecord): number | undefined {
  const { latest } = record;
  if (latest === undefined) return undefined;
  const change = latestMove(record);
  if (change === undefined || stepOf(change).to !== latest) return undefined;
  const time = Date.parse(change.at);
  return Number.isNaN(time) ? undefined : time;
}

/** A channel's move from one release to another. */
export interface ChannelMove {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The release before, where its name is known and can be requested. */
  readonly from: string | undefined;
}

/**
 * The channel's last move from another release to its latest; undefined where there never was another. A first release or a
 * changed setting is not a move, nor is a time without a release before the same release came back. Where the history does not
 * have it, because another tool wrote the record, the move is dated to when the record was written, or to the history's start.
 *
 * @param changedAt when the record was written, in milliseconds since 1970
 */
export function lastMove(record: ChannelRecord, changedAt: number): ChannelMove | undefined {
  const { latest, previous, history } = record;
  const other = previous.findLast((release) => release !== latest);
  if (latest === undefined || other === undefined) return undefined;
  const timeOf = (change: Change): number => {
    const time = Date.parse(change.at);
    return Number.isNaN(time) ? changedAt : time;
  };
  const moveFrom = (from: string, at: number): ChannelMove => ({ at, from: isReadableName(from) ? from : undefined });
  const moves = history.filter(movesLatest);
  const last = moves.at(-1);
  const [first] = history;
  if (last === undefined) return moveFrom(other, first === undefined ? changedAt : Math.min(changedAt, timeOf(first)));
  if (stepOf(last).to !== latest) return moveFrom(other, changedAt);
  let since = timeOf(last);
  for (const move of moves.toReversed()) {
    const { from, to } = stepOf(move);
    if (to === latest) since = timeOf(move);
    if (from !== undefined && from !== latest) return moveFrom(from, since);
  }
  return moveFrom(other, since);
}
