import { type ChannelMove, lastMove } from '../../lib/domain/latest-since.ts';
import { NotFound, PreconditionFailed, type Problem } from '../../lib/domain/problem.ts';
import { latestFacts, resolvedRelease } from '../../lib/domain/record.ts';
import { permanentUrl } from '../../lib/domain/urls.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';
import type { FoundChannel } from './find-channel.ts';
import type { Intent } from './intent.ts';
import type { ReadRequest } from './read-request.ts';

/** Milliseconds after a move for which a download may be resumed that began before it. */
const unsettled = 3_600_000;
/** Bytes. Nix shows its user texts of less than 1,024. */
const longestText = 1_000;

export interface ChannelAnswerOptions {
  /** What the bucket says of a release that a record names; undefined when it has none. */
  readonly findObject: (key: string) => Promise<ObjectHead | undefined>;
  readonly now: () => number;
  /** Origin, perhaps with a path, of every URL that is handed out. */
  readonly baseUrl: string;
}

/**
 * Nix, `curl -C -` and `wget -c` resume a broken download at the URL that it began with, without If-Range: they would join two
 * releases. Nobody but the client knows which of them it has a part of, so both are named.
 */
function movedMeanwhile({ channel, record }: FoundChannel, release: string, move: ChannelMove, base: string): Problem {
  const said = `The channel "${channel}" moved while it was downloaded: run it again.`;
  const urlOf = (name: string): string => permanentUrl(base, name + record.fileExtension);
  const time = new Date(move.at).toISOString().replace(/\.\d+Z$/, 'Z');
  const earlier = move.from === undefined ? '' : `${urlOf(move.from)} if the download began before ${time}, or `;
  const text = `${said} To resume, use ${earlier}${urlOf(release)} if it began after ${time}.`;
  return new PreconditionFailed(Buffer.byteLength(text) > longestText ? said : text);
}

/**
 * The release that the channel leads to. The bucket is asked once for each release, to compare entity tags, and to see that the
 * record's facts are still those of the object; where the record has none, the object's metadata has them. When the bucket is
 * away, the record is believed.
 */
export async function answerChannel(
  found: FoundChannel,
  { knownEtags, resumes }: Pick<ReadRequest, 'knownEtags' | 'resumes'>,
  { findObject, now, baseUrl }: ChannelAnswerOptions,
): Promise<Intent> {
  const { channel, record, changedAt } = found;
  const release = resolvedRelease(record);
  if (release === undefined)
    throw new NotFound(`The channel "${channel}" has no release at present: try again when one is published.`);
  const key = release + record.fileExtension;
  const head = await findObject(key).catch(() => undefined);
  const facts = latestFacts(record);
  const etag = head?.etag ?? facts?.etag;
  if (etag !== undefined && knownEtags.includes(etag)) return { kind: 'not-modified', key, etag };
  const move = resumes ? lastMove(record, changedAt) : undefined;
  if (move !== undefined && now() - move.at < unsettled) throw movedMeanwhile(found, release, move, baseUrl);
  return {
    kind: 'lead-to-release',
    key,
    facts: facts !== undefined && etag === facts.etag ? facts : (head?.facts ?? {}),
  };
}
