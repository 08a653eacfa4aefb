import { type Catalog, catalogKey, formatCatalog } from '../../../lib/domain/catalog.ts';
import { type ChannelRecord, changeOf, formatRecord, recordKey } from '../../../lib/domain/record.ts';
import { type Author, withMend } from '../../../lib/domain/record-changes.ts';
import { compareAndSwap } from '../compare-and-swap.ts';
import { catalogOf } from '../load-channel.ts';
import { type Head, readRecord } from './check-record.ts';
import type { DoctorOptions } from './examined.ts';
import { findingKinds, type Kind } from './finding.ts';
import { mendRecord } from './mend-record.ts';

/** What this operation mended in the record before: a repeat says the same again. */
export function mendedBefore(record: ChannelRecord, operation: string): readonly Kind[] {
  const change = changeOf(record, operation);
  const said = change?.action === 'mend' ? (change.reason ?? '').split(', ') : [];
  return findingKinds.filter((kind) => said.includes(kind));
}

/** Changes the catalog; false where nothing was left to change. */
export async function mendTheCatalog(
  options: DoctorOptions,
  change: (catalog: Catalog) => Catalog | undefined,
  { operation, by }: Author,
): Promise<boolean> {
  let changed: Catalog | undefined;
  await compareAndSwap<Catalog, void>(options, {
    key: catalogKey,
    parse: catalogOf,
    format: formatCatalog,
    decide: (catalog) => {
      changed = change(catalog);
      return { answer: undefined, ...(changed === undefined ? {} : { next: changed }) };
    },
  });
  if (changed !== undefined) options.log('info', 'mended', { key: catalogKey, operation, by });
  return changed !== undefined;
}

/**
 * Mends a channel's record, if its latest release is still the one whose object was looked at.
 *
 * @param head of the latest release's object
 */
export async function mendTheRecord(
  options: DoctorOptions,
  { channel, seen, head }: { readonly channel: string; readonly seen: ChannelRecord; readonly head: Head },
  author: Author,
): Promise<readonly Kind[]> {
  const object = head === 'refused' ? undefined : head;
  let written: readonly Kind[] = [];
  const mended = await compareAndSwap<ChannelRecord | undefined, readonly Kind[]>(options, {
    key: recordKey(channel),
    parse: (text) => {
      const read = readRecord(text);
      return read.state === 'sound' ? read.record : undefined;
    },
    format: (record) => formatRecord(record as ChannelRecord),
    decide: (record) => {
      written = [];
      if (record === undefined || record.removed !== undefined) return { answer: [] };
      const before = mendedBefore(record, author.operation);
      if (before.length > 0) return { answer: before };
      if (record.latest !== seen.latest || record.fileExtension !== seen.fileExtension) return { answer: [] };
      const result = mendRecord(record, object);
      if (result.kinds.length === 0) return { answer: [] };
      written = result.kinds;
      return { answer: result.kinds, next: withMend(result.record, result.kinds, author) };
    },
  });
  const { operation, by } = author;
  if (written.length > 0) options.log('info', 'mended', { channel, operation, by, mended: written });
  return mended;
}
