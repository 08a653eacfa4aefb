import { isGlob, matchesGlob } from '../../lib/domain/names.ts';
import type { CatalogView } from '../../lib/store/read/directory.ts';
import type { Scope } from '../auth/scope.ts';

/** What somebody may read who may not read everything. */
export interface Restricted {
  readonly mayRead: (channel: string) => boolean;
  /** The channels, beside the public ones, whose records may be asked for to learn whether they name a release. */
  readonly named: () => Iterable<string>;
}

export type Readership = 'everything' | Restricted;

/** What anybody may read. */
export const openTo = ({ public: open }: CatalogView): Restricted => ({
  mayRead: (channel) => open.has(channel),
  named: () => [],
});

/** Whether the name is a channel, or was one. */
export const isListed = ({ channels, removed }: CatalogView, name: string): boolean =>
  channels.has(name) || removed.has(name);

/** The same for releases: one of a channel that the catalog does not list is not given with that channel's name. */
export const ofReleases = ({ mayRead, named }: Restricted, catalog: CatalogView): Restricted => ({
  mayRead: (channel) => isListed(catalog, channel) && mayRead(channel),
  named,
});

/** In a service of at most so many channels a glob is as good as the names that it matches. */
const fewChannels = 64;

/** What these names and globs of channels give, beside what anybody may read. */
export function givenByPatterns(patterns: readonly string[], catalog: CatalogView): Restricted {
  const open = openTo(catalog);
  const isGiven = (channel: string): boolean => patterns.some((pattern) => matchesGlob(pattern, channel));
  return {
    mayRead: (channel) => isGiven(channel) || open.mayRead(channel),
    named: () => {
      const { channels, removed } = catalog;
      const named =
        channels.size + removed.size <= fewChannels
          ? [...channels, ...removed].filter(isGiven)
          : new Set(patterns.filter((pattern) => !isGlob(pattern) && isListed(catalog, pattern)));
      return [...named].filter((channel) => !open.mayRead(channel));
    },
  };
}

/** What a token of this scope gives, beside what anybody may read. */
export const givenBy = (scope: Scope, catalog: CatalogView): Readership =>
  scope === 'all' ? 'everything' : givenByPatterns(scope, catalog);

export const mayRead = (readership: Readership, channel: string): boolean =>
  readership === 'everything' || readership.mayRead(channel);
