import type { Catalog } from '../../../lib/domain/catalog.ts';
import { isReadableChannel } from '../../../lib/domain/names.ts';
import { type ChannelRecord, hasRelease, recordKey } from '../../../lib/domain/record.ts';
import { tarballFormatOf } from '../../../lib/domain/tarball-formats.ts';
import { readRecord } from './check-record.ts';
import { atOnce, type DoctorOptions } from './examined.ts';
import { fewAtOnce } from './few-at-once.ts';

/** Records that one request reads at the most to see which of them names a key. */
const mostRecords = 1_500;

export interface KeyToName {
  readonly key: string;
  /** The channel that uploaded it, where its metadata tells. */
  readonly owner: string | undefined;
}

export interface KeyUse {
  readonly reachable: boolean;
  /** Undefined where that was not looked at. */
  readonly named: boolean | undefined;
}

const fits = (key: string, { fileExtension }: ChannelRecord): boolean => key.endsWith(fileExtension);

const names = (key: string, record: ChannelRecord): boolean =>
  fits(key, record) && hasRelease(record, key.slice(0, -record.fileExtension.length));

/**
 * What the records say of some keys. Those that are likely by name or metadata are read first, all others only for a key that
 * none of these names.
 */
export async function nameKeys(
  { bucket }: Pick<DoctorOptions, 'bucket'>,
  catalog: Catalog | undefined,
  keys: readonly KeyToName[],
): Promise<ReadonlyMap<string, KeyUse>> {
  const channels = [...new Set([...(catalog?.channels ?? []), ...(catalog?.removed ?? [])])].filter(isReadableChannel);
  const records: ChannelRecord[] = [];
  const load = async (some: readonly string[]): Promise<void> => {
    await fewAtOnce(atOnce, some, async (channel) => {
      const read = readRecord((await bucket.readText(recordKey(channel)))?.text);
      if (read.state === 'sound') records.push(read.record);
    });
  };

  const isLikely = (channel: string): boolean =>
    keys.some(({ key, owner }) => owner === channel || key.startsWith(`${channel}-`));
  const likely = new Set(channels.filter(isLikely));
  await load([...likely].slice(0, mostRecords));
  const left = keys.filter(({ key }) => !records.some((record) => names(key, record)));
  const complete = catalog !== undefined && channels.length <= mostRecords;
  if (left.length > 0 && complete) await load(channels.filter((channel) => !likely.has(channel)));

  return new Map(
    keys.map(({ key }) => {
      const named = records.some((record) => names(key, record));
      const reachable = named || tarballFormatOf(key) !== undefined || records.some((record) => fits(key, record));
      return [key, { reachable, named: named || (complete ? false : undefined) }];
    }),
  );
}
