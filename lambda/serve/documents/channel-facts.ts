import { type ChannelFacts, factsKey, noFacts, parseChannelFacts } from '../../../lib/domain/release.ts';
import { LruMap, type Refreshed } from '../../../lib/store/read/cache.ts';
import { type BucketReader, refreshedText } from '../../../lib/store/read/reader.ts';

/** Never rejects: without the facts a page says what the record says. */
export type FactsOf = (channel: string) => Promise<ChannelFacts>;

interface FactsOptions {
  readonly reader: Pick<BucketReader, 'readText'>;
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly onBroken: (key: string, reason: string) => void;
  readonly onStale: (key: string, cause: unknown) => void;
}

/** With 10,000 releases each takes about 5 MB of memory. */
const maxKeptChannels = 8;

/** The facts of the channels that were asked for most recently, each refreshed by age as records are. */
export function keepChannelFacts({ reader, maxAgeMs, now, onBroken, onStale }: FactsOptions): FactsOf {
  const kept = new LruMap<Refreshed<ChannelFacts>>(maxKeptChannels);
  const open = (channel: string): Refreshed<ChannelFacts> => {
    const key = factsKey(channel);
    return refreshedText<ChannelFacts>(
      {
        reader,
        key,
        parse: ({ text }) => parseChannelFacts(text),
        unreadable: (error, _, before = noFacts) => {
          onBroken(key, (error as Error).message);
          return before;
        },
        absent: () => noFacts,
      },
      { maxAgeMs, now, onStale: (cause) => onStale(key, cause) },
    );
  };
  return async (channel) => {
    const facts = kept.get(channel) ?? open(channel);
    kept.set(channel, facts);
    try {
      return await facts.get();
    } catch {
      return noFacts;
    }
  };
}
