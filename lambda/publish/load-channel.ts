import { Conflict } from '../../lib/api/problem.ts';
import { type Catalog, catalogKey, emptyCatalog, parseCatalog } from '../../lib/domain/catalog.ts';
import { assertExistingChannel, quoted } from '../../lib/domain/names.ts';
import { Gone, NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, parseRecord, recordKey } from '../../lib/domain/record.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';

/** A catalog or record that is damaged is changed by nobody: what it held would be lost. */
function readable<Value>(key: string, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    throw new Conflict(
      'damaged',
      `"${key}" in the bucket cannot be read (${(error as Error).message}): mend it by hand first.`,
    );
  }
}

export const catalogOf = (text: string | undefined): Catalog =>
  text === undefined ? emptyCatalog : readable(catalogKey, text, parseCatalog);

export const recordOf = (channel: string, text: string): ChannelRecord =>
  readable(recordKey(channel), text, parseRecord);

const removed = (channel: string): Gone =>
  new Gone(`The channel "${channel}" was removed: an administrator restores it with "channelctl restore ${channel}".`);

/** The record of a channel that can be published to: 404 where there is none, 410 where it was removed. */
export function liveRecord(channel: string, text: string | undefined): ChannelRecord {
  if (text === undefined) throw new NotFound(`There is no record of the channel ${quoted(channel)} in the bucket.`);
  const record = recordOf(channel, text);
  if (record.removed !== undefined) throw removed(channel);
  return record;
}

/** Throws unless the catalog has the channel: 404, and 410 where it was removed. */
export function assertListed(catalog: Catalog, channel: string): void {
  if (catalog.removed.includes(channel)) throw removed(channel);
  if (!catalog.channels.includes(channel))
    throw new NotFound(
      `There is no channel ${quoted(channel)}: an administrator adds it with "channelctl add ${channel}".`,
    );
}

export async function loadChannel(
  bucket: Pick<BucketWriter, 'readText'>,
  channel: string,
): Promise<{ readonly catalog: Catalog; readonly record: ChannelRecord }> {
  assertExistingChannel(channel);
  const [catalogText, recordText] = await Promise.all([
    bucket.readText(catalogKey),
    bucket.readText(recordKey(channel)),
  ]);
  const catalog = catalogOf(catalogText?.text);
  assertListed(catalog, channel);
  return { catalog, record: liveRecord(channel, recordText?.text) };
}
