import {
  type Catalog,
  catalogKey,
  emptyCatalog,
  parseCatalog,
  unreadableChannels,
} from '../../../lib/domain/catalog.ts';
import { quoted } from '../../../lib/domain/names.ts';
import { type Finding, finding } from './finding.ts';
import { restore } from './restore.ts';

export interface CheckedCatalog {
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
