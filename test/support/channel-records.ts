import type { ChannelRecord } from '../../lib/domain/record.ts';
import { type Author, newRecord, withLatest } from '../../lib/domain/record-changes.ts';
import { withRetirement } from '../../lib/domain/retirement-changes.ts';

export const at = '2026-01-01T00:00:00.000Z';
export const until = '2026-01-31T00:00:00.000Z';
export const author = (operation: string): Author => ({ operation, at, by: 'arn:aws:iam::1:user/u' });
export const facts = (release: string) => ({ release, etag: `"${release}"` });
const publish = (record: ChannelRecord, release: string): ChannelRecord =>
  withLatest(record, { action: 'publish', facts: facts(release) }, author(`publish-${release}`));
export const channelOf = (...releases: string[]): ChannelRecord =>
  releases.reduce(publish, newRecord('.tar.xz', author('add')));
export const four = (): ChannelRecord => channelOf('a', 'b', 'c', 'd');
export const retire = (record: ChannelRecord, ...releases: string[]): ChannelRecord =>
  withRetirement(record, { releases, reason: 'old', until }, author('retire-it'));
