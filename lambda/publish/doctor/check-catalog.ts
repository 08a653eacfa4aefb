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

/** What to do about an object that is written by nobody but us and cannot be read. */
const restore = (key: string): string =>
  `Put its last good version back (aws s3api list-object-versions --prefix ${key}), conditionally, and run this again.`;

interface CheckedCatalog {
  /** Undefined where it cannot be read. */
  readonly catalog: Catalog | undefined;
  readonly findings: readonly Finding[];
}

const twice = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, place) => names.indexOf(name) !== place)),
];

function findingsOf(catalog: Catalog): Finding[] {
  const { channels, public: open, removed } = catalog;
  const gone = new Set(removed);
  const known = new Set([...channels, ...removed]);
  return [...new Set(unreadableChannels(catalog))]
    .map((name) =>
      finding(
        'catalog-bad-name',
        name,
        `The catalog has ${quoted(name)}, which is no channel name: readers get 404.`,
        `Take the entry out of ${catalogKey} by hand, and add the channel under another name.`,
      ),
    )
    .concat(
      [...new Set([channels, open, removed].flatMap(twice))].map((name) =>
        finding(
          'catalog-duplicate',
          name,
          `The catalog names ${quoted(name)} more than once: readers see no difference, lists show it twice.`,
          '--fix keeps the first.',
        ),
      ),
      [...new Set(channels)]
        .filter((name) => gone.has(name))
        .map((name) =>
          finding(
            'catalog-removed',
            name,
            `The catalog has ${quoted(name)} among the channels and among the removed ones: readers get 410 here, the Rust service still serves it.`,
            '--fix takes it out of the channels.',
          ),
        ),
      [...new Set(open)]
        .filter((name) => !known.has(name))
        .map((name) =>
          finding(
            'public-unknown',
            name,
            `The catalog makes ${quoted(name)} public, but there is no such channel: if it is ever added, everybody reads it at once.`,
            `Take the name out of "public" in ${catalogKey} if that is not meant.`,
          ),
        ),
    );
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
          'There is no catalog: readers are served no channel.',
          'Nothing, in a new bucket: the first "channelctl add NAME" writes it. Otherwise add each channel that is found below.',
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
          `The catalog cannot be read (${(error as Error).message}): readers are served what is in memory, then get 503, and nothing can be published. No record was compared.`,
          restore(catalogKey),
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
        `The deny list cannot be read (${(error as Error).message}): where reading asks for tokens, their bearers get 503 a few minutes later, and nothing can be revoked.`,
        restore(denyListKey),
      ),
    ];
  }
}

/** Each name once, and no removed one among the channels. Undefined where it is so already. */
export function mendCatalog(catalog: Catalog): Catalog | undefined {
  const removed = [...new Set(catalog.removed)];
  const channels = [...new Set(catalog.channels)].filter((name) => !removed.includes(name));
  const mended: Catalog = { ...catalog, channels, public: [...new Set(catalog.public)], removed };
  const same = (['channels', 'public', 'removed'] as const).every((key) => mended[key].length === catalog[key].length);
  return same ? undefined : mended;
}
