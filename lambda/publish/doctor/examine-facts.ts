import { finding } from '../../../lib/api/finding.ts';
import { Conflict } from '../../../lib/api/problem.ts';
import { quoted } from '../../../lib/domain/names.ts';
import { type ChannelFacts, factsKey, newFacts, noFacts } from '../../../lib/domain/release.ts';
import { compareAndSwap, factsDocument, loadDocument } from '../documents.ts';
import { storedFacts } from '../release-rules.ts';
import type { Head } from './check-record.ts';
import type { DoctorOptions, Examined } from './examination.ts';

/** What the objects say that exist and that S3 describes. */
export const factsOfHeads = (heads: readonly (readonly [release: string | undefined, head: Head])[]): ChannelFacts =>
  new Map(
    heads.flatMap(([release, head]) =>
      release === undefined || typeof head !== 'object' ? [] : [[release, storedFacts(head)] as const],
    ),
  );

/** Undefined where it is damaged. */
async function loadFacts({ bucket }: DoctorOptions, channel: string): Promise<ChannelFacts | undefined> {
  try {
    return await loadDocument(bucket, factsDocument(channel));
  } catch (error) {
    if (error instanceof Conflict) return undefined;
    throw error;
  }
}

const missing = (channel: string, added: ChannelFacts) => {
  const [first = ''] = added.keys();
  const releases = added.size === 1 ? quoted(first) : `${added.size} releases, such as ${quoted(first)}`;
  return finding(
    'release-facts-missing',
    channel,
    `${factsKey(channel)} lacks the facts of ${releases}: pages and JSON do not show them. Downloads and locks are not affected.`,
    "--fix copies them from the objects' metadata.",
  );
};

const damaged = (channel: string) =>
  finding(
    'release-facts-damaged',
    channel,
    `${factsKey(channel)} is damaged: pages and JSON show facts only of the latest release. Downloads and locks are not affected.`,
    "--fix writes it again from the objects' metadata.",
  );

/**
 * Compares the facts that are kept of a channel's releases with those of its objects.
 *
 * @param found of the releases that this request looked at
 * @param isFirst whether no request before looked at this channel: it would have said that the document is damaged
 */
export async function examineFacts(
  options: DoctorOptions,
  { channel, found, isFirst }: { readonly channel: string; readonly found: ChannelFacts; readonly isFirst: boolean },
): Promise<readonly Examined[]> {
  if (found.size === 0) return [];
  const facts = await loadFacts(options, channel);
  if (facts === undefined && !isFirst) return [];
  const added = newFacts(facts ?? noFacts, found);
  if (added.size === 0) return [];
  const problem = facts === undefined ? damaged(channel) : missing(channel, added);
  const document = factsDocument(channel);
  return [
    {
      subject: channel,
      findings: [problem],
      mend: async ({ operation, by }) => {
        await compareAndSwap(options, facts === undefined ? { ...document, parse: () => noFacts } : document, {
          decide: (current) => ({ answer: undefined, next: new Map([...current, ...found]) }),
        });
        options.log('info', 'mended', { key: factsKey(channel), operation, by, mended: [problem.kind] });
        return [problem.kind];
      },
    },
  ];
}
