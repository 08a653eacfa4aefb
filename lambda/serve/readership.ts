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

/** The same for releases: those of a channel that was removed are not given with its name. */
export const ofReleases = ({ mayRead, named }: Restricted, { channels }: CatalogView): Restricted => ({
  mayRead: (channel) => channels.has(channel) && mayRead(channel),
  named,
});

/** What a token of this scope gives, beside what anybody may read. */
export function givenBy(scope: Scope, catalog: CatalogView): Readership {
  if (scope === 'all') return 'everything';
  const open = openTo(catalog);
  return {
    mayRead: (channel) => scope.some((pattern) => matchesGlob(pattern, channel)) || open.mayRead(channel),
    named: () => {
      const literal = scope.filter((pattern) => !isGlob(pattern) && catalog.channels.has(pattern));
      return new Set([...literal, ...open.named()]);
    },
  };
}

export const mayRead = (readership: Readership, channel: string): boolean =>
  readership === 'everything' || readership.mayRead(channel);
