import type { FlakeRegistry } from '../../../lib/api/reading.ts';
import { tarballFormatOf } from '../../../lib/domain/names.ts';
import { type ChannelRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import { channelUrl } from '../../../lib/domain/urls.ts';

type Indirect = FlakeRegistry['flakes'][number]['from'];

/**
 * How Nix names a channel: by an id, or by an id and a ref where the name has characters that no id has. `nixos-25.05` is
 * `nixos/25.05`: the id ends at the last hyphen before the first character that an id cannot have. Undefined where the name
 * has no such beginning. Nix, `src/libflake/flakeref.cc` (`flakeIdRegexS`) and `src/libutil/url-parts.hh` (`refRegexS`).
 */
export function indirectName(channel: string): Indirect | undefined {
  const [id] = /^[A-Za-z][A-Za-z0-9_-]*/.exec(channel) ?? [];
  if (id === channel) return { type: 'indirect', id };
  const end = id?.lastIndexOf('-') ?? -1;
  if (end < 1) return undefined;
  const ref = channel.slice(end + 1);
  return /^[A-Za-z0-9@][A-Za-z0-9_.+@-]*$/.test(ref) ? { type: 'indirect', id: channel.slice(0, end), ref } : undefined;
}

/** Whether the latest release is known to be a flake. */
function isFlake(record: ChannelRecord): boolean {
  const release = resolvedRelease(record);
  if (release === undefined || tarballFormatOf(record.fileExtension) === undefined) return false;
  return Object.hasOwn(record.archives, release) && record.archives[release]?.flake === true;
}

/** The channels of which the latest release is a flake. */
export const flakeRegistry = (
  base: string,
  channels: readonly { readonly channel: string; readonly record: ChannelRecord }[],
): FlakeRegistry => ({
  version: 2,
  flakes: channels.flatMap(({ channel, record }) => {
    const from = indirectName(channel);
    if (from === undefined || !isFlake(record)) return [];
    const url = channelUrl(base, channel, record.fileExtension);
    return [{ from, to: { type: 'tarball' as const, url }, exact: true as const }];
  }),
});
