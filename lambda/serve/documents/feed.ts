import type { ChannelDocument } from '../../../lib/api/reading.ts';
import { escapeHtml } from './html.ts';
import { changeText } from './text.ts';

/** XML 1.0 has no place for most control characters, escaped or not; `changeText` has none left. */
const timeOf = (at: string): string | undefined =>
  Number.isNaN(Date.parse(at)) ? undefined : new Date(at).toISOString();

/**
 * The newest moves of a channel, as Atom (RFC 4287). An entry is a move, not a release: a rollback leads readers to bytes that
 * they had before, and they want to hear of it.
 */
export function atomFeed(base: string, { channel, history }: ChannelDocument): string {
  const address = `${base}/channel/${encodeURIComponent(channel)}`;
  const entries = history.flatMap((change) => {
    const time = timeOf(change.at);
    if (time === undefined) return [];
    const id = `${address}#${encodeURIComponent(`${time} ${change.action} ${change.release ?? ''}`.toWellFormed())}`;
    return [
      `<entry><id>${escapeHtml(id)}</id><title>${escapeHtml(changeText(change))}</title><updated>${time}</updated><link href="${escapeHtml(address)}"/></entry>`,
    ];
  });
  const [newest] = history.map(({ at }) => timeOf(at)).filter((time) => time !== undefined);
  return `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>${escapeHtml(address)}</id>
<title>${escapeHtml(channel)}</title>
<updated>${newest ?? '1970-01-01T00:00:00.000Z'}</updated>
<author><name>${escapeHtml(new URL(base).host)}</name></author>
<link rel="self" href="${escapeHtml(`${address}/feed.atom`)}"/>
<link href="${escapeHtml(address)}"/>
${entries.join('\n')}
</feed>
`;
}
