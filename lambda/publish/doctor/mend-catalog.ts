import type { Catalog } from '../../../lib/domain/catalog.ts';

/** Each name once, and no removed one among the channels. Undefined where it is so already. */
export function mendCatalog(catalog: Catalog): Catalog | undefined {
  const removed = [...new Set(catalog.removed)];
  const channels = [...new Set(catalog.channels)].filter((name) => !removed.includes(name));
  const mended: Catalog = { ...catalog, channels, public: [...new Set(catalog.public)], removed };
  const same = (['channels', 'public', 'removed'] as const).every((key) => mended[key].length === catalog[key].length);
  return same ? undefined : mended;
}
