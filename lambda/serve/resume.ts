import { PreconditionFailed, type Problem } from '../../lib/domain/problem.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { type ChannelMove, lastMove } from '../../lib/domain/record-changes.ts';
import { permanentUrl } from '../../lib/domain/urls.ts';

interface MovedChannel {
  readonly channel: string;
  readonly record: ChannelRecord;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** After a move a client may resume a download that began before it, for this long. */
const resumableMoveMs = 3_600_000;
/** Nix shows a text to its user if it is under 1,024 bytes. */
const maxTextBytes = 1_000;

/**
 * Nix, `curl -C -` and `wget -c` resume a broken download at the URL that it began with, without If-Range: they would join two
 * releases. Nobody but the client knows which of them it has a part of, so both are named.
 */
function movedMeanwhile({ channel, record }: MovedChannel, release: string, move: ChannelMove, base: string): Problem {
  const said = `The channel "${channel}" moved while it was downloaded: run it again.`;
  const urlOf = (name: string): string => permanentUrl(base, name + record.fileExtension);
  const time = new Date(move.at).toISOString().replace(/\.\d+Z$/, 'Z');
  const earlier = move.from === undefined ? '' : `${urlOf(move.from)} if the download began before ${time}, or `;
  const text = `${said} To resume, use ${earlier}${urlOf(release)} if it began after ${time}.`;
  return new PreconditionFailed(Buffer.byteLength(text) > maxTextBytes ? said : text);
}

/** Why a download cannot be resumed at the channel; undefined where it can. */
export function refusedResumption(
  found: MovedChannel,
  release: string,
  { now, baseUrl }: { readonly now: () => number; readonly baseUrl: string },
): Problem | undefined {
  const move = lastMove(found.record, found.changedAt);
  if (move === undefined || now() - move.at >= resumableMoveMs) return undefined;
  return movedMeanwhile(found, release, move, baseUrl);
}
