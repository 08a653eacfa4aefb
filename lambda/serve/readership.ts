import { isGlob, matchesGlob } from '../../lib/domain/channel-globs.ts';
import type { CatalogView } from '../../lib/store/read/channel-directory.ts';
import type { Scope } from '../auth/scope.ts';

/** What somebody may read who may not read everything. */
export interface Restricted {
  readonly mayRead: (channel: string) => boolean;
  /** The channels that are known by name rather than by a glob: their records may be asked for. */
  readonly named: () => Iterable<string>;
}

export type Readership = 'everything' | Restricted;

/** What anybody may read. */
export const openTo = ({ public: open }: CatalogView): Restricted => ({
  mayRead: (channel) => open.has(channel),
  named: () => open,
});

/** Whether the name is a channel, or was one. */
export const isListed = ({ channels, removed }: CatalogView, name: string): boolean =>
  channels.has(name) || removed.has(name);

/** The same for releases: one of a channel that the catalog does not list is not given with that channel's name. */
export const ofReleases = ({ mayRead, named }: Restricted, catalog: CatalogView): Restricted => ({
  mayRead: (channel) => isListed(catalog, channel) && mayRead(channel),
  named,
});

/** What a token of this scope gives, beside what anybody may read. */
export function givenBy(scope: Scope, catalog: CatalogView): Readership {
  if (scope === 'all') return 'everything';
  const open = openTo(catalog);
  return {
    mayRead: (channel) => scope.some((pattern) => matchesGlob(pattern, channel)) || open.mayRead(channel),
    named: () => {
      const literal = scope.filter((pattern) => !isGlob(pattern) && isListed(catalog, pattern));
      return new Set([...literal, ...open.named()]);
    },
  };
}

export const mayRead = (readership: Readership, channel: string): boolean =>
  readership === 'everything' || readership.mayRead(channel);
