import type { LatestFacts } from '../../lib/domain/record.ts';
import { factsFromMetadata } from '../../lib/domain/release-facts.ts';
import type { BucketWriter, StoredObject } from '../../lib/store/write/bucket-writer.ts';

/** The record's facts of a release are copied from its object, where the opening of its upload put them. */
export const factsOf = (release: string, object: StoredObject): LatestFacts => ({
  release,
  etag: object.etag,
  ...factsFromMetadata(object.metadata),
});

/** Undefined when the bucket has no such object. */
export async function latestFactsOf(
  bucket: Pick<BucketWriter, 'head'>,
  release: string,
  fileExtension: string,
): Promise<LatestFacts | undefined> {
  const object = await bucket.head(release + fileExtension);
  return object === undefined ? undefined : factsOf(release, object);
}

/** Of the first of these releases whose object is there. */
export async function firstFactsOf(
  bucket: Pick<BucketWriter, 'head'>,
  releases: readonly string[],
  fileExtension: string,
): Promise<LatestFacts | undefined> {
  for (const release of releases) {
    const facts = await latestFactsOf(bucket, release, fileExtension);
    if (facts !== undefined) return facts;
  }
  return undefined;
}
