import type { Published } from '../../lib/api/answers.ts';
import type { Publication as Request } from '../../lib/api/requests.ts';
import { type ChannelRecord, formatRecord, hasRelease, latestFacts, recordKey } from '../../lib/domain/record.ts';
import { withLatest } from '../../lib/domain/record-changes.ts';
import { compareAndSwap } from './change-record.ts';
import { liveRecord, loadChannel } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';
import { assertNotOlder, assertNotYanked, assertReleaseOf, factsOf, publishedBefore } from './release-rules.ts';
import { completeUpload, loadUpload } from './upload.ts';

/**
 * Completes an upload and makes its release the latest. The record's conditional write is the moment of publication; each call
 * before it can be repeated, and after it the operation's id in the history answers.
 */
export async function publishRelease(
  options: PublishOptions,
  channel: string,
  request: Request,
  by: string,
): Promise<Published> {
  const { bucket, baseUrl, now, log, meter } = options;
  const { operation, upload, force = false } = request;
  const { catalog, record: before } = await loadChannel(bucket, channel);
  const state = await loadUpload(options, channel, upload);
  const { release, facts: declared, archive } = state;
  const publication = { channel, release, operation };

  /** The answer where nothing is to be done; throws where the release may not become the latest. */
  const settle = (record: ChannelRecord): Published | undefined => {
    const published = publishedBefore(record, publication, baseUrl);
    if (published?.fresh) return published;
    assertNotYanked(record, release);
    if (published === undefined) assertNotOlder(record, declared.lastModified, force);
    return published;
  };

  const earlier = settle(before);
  if (earlier?.fresh) return earlier;
  if (earlier === undefined) assertReleaseOf(channel, release, catalog);
  let from: string | undefined;
  let moved = false;
  const object = await completeUpload(bucket, hasRelease(before, release) ? undefined : channel, state);
  const facts = factsOf(release, object);
  const published = await compareAndSwap<ChannelRecord, Published>(options, {
    key: recordKey(channel),
    parse: (text) => liveRecord(channel, text),
    format: formatRecord,
    decide: (record) => {
      const settled = settle(record);
      moved = settled === undefined;
      if (settled !== undefined) return { answer: settled };
      from = record.latest;
      const next = withLatest(
        record,
        { action: 'publish', facts, archive },
        { operation, at: new Date(now()).toISOString(), by },
      );
      const answer = publishedBefore(next, publication, baseUrl) as Published;
      const replaced = latestFacts(record);
      const same = replaced !== undefined && replaced.sha256 !== undefined && replaced.sha256 === facts.sha256;
      return { answer: same ? { ...answer, sameAs: replaced.release } : answer, next };
    },
  });
  if (moved) meter({ Publishes: 1, PublishedBytes: object.size });
  log('info', 'published', {
    ...publication,
    by,
    from,
    fresh: published.fresh,
    latest: published.latest,
  });
  return published;
}
