import { type Finding, finding } from '../../../lib/api/finding.ts';
import {
  type Catalog,
  catalogKey,
  emptyCatalog,
  parseCatalog,
  unreadableChannels,
} from '../../../lib/domain/catalog.ts';
import { denyListKey, parseDenyList } from '../../../lib/domain/deny-list.ts';
import { quoted } from '../../../lib/domain/names.ts';

/** The advice for a damaged document that only this service writes. */
const restoreAdvice = (key: string): string =>
  `Restore its last good version with a conditional write (aws s3api list-object-versions --prefix ${key}), then run the doctor again.`;

const duplicates = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) !== index);

function findingsOf(catalog: Catalog): Finding[] {
  const { channels, public: open, removed } = catalog;
  const gone = new Set(removed);
  const known = new Set([...channels, ...removed]);
  return [...new Set(unreadableChannels(catalog))]
    .map((name) =>
      finding(
        'catalog-bad-name',
        name,
        `The catalog has ${quoted(name)}, which is not a channel name: readers get 404.`,
        `Remove the entry from ${catalogKey} by hand, and add the channel under another name.`,
      ),
    )
    .concat(
      [...new Set([channels, open, removed].flatMap(duplicates))].map((name) =>
        finding(
          'catalog-duplicate',
          name,
          `The catalog has ${quoted(name)} more than once in a list: nobody sees a difference.`,
          '--fix keeps the first entry.',
        ),
      ),
      [...new Set(channels)]
        .filter((name) => gone.has(name))
        .map((name) =>
          finding(
            'catalog-removed',
            name,
            `The catalog has ${quoted(name)} both in "channels" and in "removed": this service answers 410, the Rust service still serves it.`,
            '--fix removes it from "channels".',
          ),
        ),
      [...new Set(open)]
        .filter((name) => !known.has(name))
        .map((name) =>
          finding(
            'public-unknown',
            name,
            `The catalog makes ${quoted(name)} public, but there is no such channel: if it is ever added, everybody can read it at once.`,
            `Remove the name from "public" in ${catalogKey} if that is not intended.`,
          ),
        ),
    );
}

interface CheckedCatalog {
  /** Undefined where it is damaged. */
  readonly catalog: Catalog | undefined;
  readonly findings: readonly Finding[];
}

/** @param text of `channels.json`; undefined where the bucket has none */
export function checkCatalog(text: string | undefined): CheckedCatalog {
  if (text === undefined)
    return {
      catalog: emptyCatalog,
      findings: [
        finding(
          'catalog-missing',
          catalogKey,
          'There is no catalog, so no channel is served.',
          'Nothing, if the bucket is new: the first "channelctl add NAME" creates it. Otherwise add each channel that is listed below.',
        ),
      ],
    };
  try {
    const catalog = parseCatalog(text);
    return { catalog, findings: findingsOf(catalog) };
  } catch (error) {
    return {
      catalog: undefined,
      findings: [
        finding(
          'catalog-damaged',
          catalogKey,
          `The catalog is damaged (${(error as Error).message}): readers are served from memory, then get 503, and nothing can be published. No record was checked.`,
          restoreAdvice(catalogKey),
        ),
      ],
    };
  }
}

/** @param text of `revoked.json`; undefined where the bucket has none */
export function checkDenyList(text: string | undefined): Finding[] {
  if (text === undefined) return [];
  try {
    parseDenyList(text);
    return [];
  } catch (error) {
    return [
      finding(
        'deny-list-damaged',
        denyListKey,
        `The deny list is damaged (${(error as Error).message}): where tokens are required, readers with a token get 503 after a few minutes, and nothing can be revoked.`,
        restoreAdvice(denyListKey),
      ),
    ];
  }
}

/** The catalog with each name once, and without removed channels in `channels`. Undefined where nothing changes. */
export function mendCatalog(catalog: Catalog): Catalog | undefined {
  const removed = [...new Set(catalog.removed)];
  const channels = [...new Set(catalog.channels)].filter((name) => !removed.includes(name));
  const mended: Catalog = { ...catalog, channels, public: [...new Set(catalog.public)], removed };
  const isSame = (['channels', 'public', 'removed'] as const).every(
    (key) => mended[key].length === catalog[key].length,
  );
  return isSame ? undefined : mended;
}
