import type { Published } from '../../lib/api/answers.ts';
import type { Publication } from '../../lib/api/requests.ts';
import { type ChannelRecord, hasRelease, latestFacts } from '../../lib/domain/record.ts';
import { withLatest } from '../../lib/domain/record-changes.ts';
import { compareAndSwap, liveRecordDocument, loadChannel } from './documents.ts';
import { authorOf, type PublishOptions } from './publish-options.ts';
import { assertNotOlder, assertNotYanked, assertReleaseOf, factsOf, publishedBefore } from './release-rules.ts';
import { completeUpload, loadUpload } from './upload.ts';

/**
 * Completes an upload and makes its release the latest. The record's conditional write is the moment of publication. Every call
 * before it can be repeated; after it a repeat finds the operation's ID in the history.
 */
export async function publishRelease(
  options: PublishOptions,
  channel: string,
  request: Publication,
  by: string,
): Promise<Published> {
  const { bucket, baseUrl, log, meter } = options;
  const { operation, upload, force = false } = request;
  const { catalog, record: before } = await loadChannel(bucket, channel);
  const state = await loadUpload(options, channel, upload);
  const { release, facts: declared, archive } = state;
  const identity = { channel, release, operation };

  /** The answer where nothing is to be done. Throws where the release may not become the latest. */
  const settle = (record: ChannelRecord): Published | undefined => {
    const published = publishedBefore(record, identity, baseUrl);
    if (published?.fresh) return published;
    assertNotYanked(record, release);
    if (published === undefined) assertNotOlder(record, declared.lastModified, force);
    return published;
  };

  const earlier = settle(before);
  if (earlier?.fresh) return earlier;
  if (earlier === undefined) assertReleaseOf(channel, release, catalog);
  let from: string | undefined;
  let isMoved = false;
  const object = await completeUpload(bucket, hasRelease(before, release) ? undefined : channel, state);
  const facts = factsOf(release, object);
  const published = await compareAndSwap(options, liveRecordDocument(channel), {
    decide: (record): { answer: Published; next?: ChannelRecord } => {
      const settled = settle(record);
      isMoved = settled === undefined;
      if (settled !== undefined) return { answer: settled };
      from = record.latest;
      const next = withLatest(record, { action: 'publish', facts, archive }, authorOf(options, operation, by));
      const answer = publishedBefore(next, identity, baseUrl) as Published;
      const replaced = latestFacts(record);
      const same = replaced !== undefined && replaced.sha256 !== undefined && replaced.sha256 === facts.sha256;
      return { answer: same ? { ...answer, sameAs: replaced.release } : answer, next };
    },
  });
  if (isMoved) meter({ Publishes: 1, PublishedBytes: object.size });
  log('info', 'published', { ...identity, by, from, fresh: published.fresh, latest: published.latest });
  return published;
}
