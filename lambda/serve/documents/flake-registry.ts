import type { FlakeRegistry } from '../../../lib/api/reading.ts';
import { aboutOf, indirectAlias, indirectName, indirectText } from '../../../lib/domain/about.ts';
import { tarballFormatOf } from '../../../lib/domain/names.ts';
import { type ChannelRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import { channelUrl } from '../../../lib/domain/urls.ts';

/** Whether the latest release is known to be a flake. */
function isFlake(record: ChannelRecord): boolean {
  const release = resolvedRelease(record);
  if (release === undefined || tarballFormatOf(record.fileExtension) === undefined) return false;
  return Object.hasOwn(record.archives, release) && record.archives[release]?.flake === true;
}

/**
 * The channels of which the latest release is a flake, by their own names, then by their aliases. Nix takes the first entry of a
 * name, so there is one: a channel's own name comes first, then the alias of the channel that is first in the list.
 */
export function flakeRegistry(
  base: string,
  channels: readonly { readonly channel: string; readonly record: ChannelRecord }[],
): FlakeRegistry {
  const named = channels
    .filter(({ record }) => isFlake(record))
    .map(({ channel, record }) => ({
      own: indirectName(channel),
      aliases: (aboutOf(record).aliases ?? []).map(indirectAlias),
      url: channelUrl(base, channel, record.fileExtension),
    }));
  const flakes = new Map<string, FlakeRegistry['flakes'][number]>();
  const add = (from: FlakeRegistry['flakes'][number]['from'], url: string): void => {
    const name = indirectText(from);
    if (!flakes.has(name)) flakes.set(name, { from, to: { type: 'tarball', url }, exact: true });
  };
  for (const { own, url } of named) if (own !== undefined) add(own, url);
  for (const { aliases, url } of named) for (const alias of aliases) add(alias, url);
  return { version: 2, flakes: [...flakes.values()] };
}
