import { NotFound, PreconditionFailed } from '../../lib/domain/problem.ts';
import { latestFacts, resolvedRelease } from '../../lib/domain/record.ts';
import type { ReleaseFacts } from '../../lib/domain/release-facts.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';
import type { FoundChannel } from './find-channel.ts';
import type { Intent } from './intent.ts';
import type { ReadRequest } from './read-request.ts';

/** Milliseconds after a change for which a download may be resumed that began before it. */
const unsettled = 3_600_000;

export interface ChannelAnswerOptions {
  /** What the bucket says of a release that a record names; undefined when it has none. */
  readonly findObject: (key: string) => Promise<ObjectHead | undefined>;
  readonly now: () => number;
}

/**
 * The release that the channel leads to. The bucket is asked only where its answer matters: to compare entity tags, and to see
 * that the record's facts are still those of the object. When it is away, the record is believed.
 */
export async function answerChannel(
  { channel, record, changedAt }: FoundChannel,
  { knownEtags, resumes }: Pick<ReadRequest, 'knownEtags' | 'resumes'>,
  { findObject, now }: ChannelAnswerOptions,
): Promise<Intent> {
  const release = resolvedRelease(record);
  if (release === undefined)
    throw new NotFound(`The channel "${channel}" has no release at present: try again when one is published.`);
  const key = release + record.fileExtension;
  const facts = latestFacts(record);
  const head = facts !== undefined || knownEtags.length > 0 ? await findObject(key).catch(() => undefined) : undefined;
  const etag = head?.etag ?? facts?.etag;
  if (etag !== undefined && knownEtags.includes(etag)) return { kind: 'not-modified', key, etag };
  // Nix resumes a broken download at the URL it began with, without If-Range: it would join two releases.
  if (resumes && now() - changedAt < unsettled)
    throw new PreconditionFailed(`The channel "${channel}" moved while it was downloaded: run it again.`);
  const believed: ReleaseFacts = facts !== undefined && etag === facts.etag ? facts : {};
  return { kind: 'lead-to-release', key, facts: believed };
}
