import type { BucketWriter } from './bucket-writer.ts';

type Compared = Pick<BucketWriter, 'head' | 'writeText' | 'completeUpload'>;

/**
 * Keeps conditions that the store does not: looks, compares, then writes. Between the two nobody else may write, so this is for
 * a single process (a function with a reserved concurrency of 1), and inside of it one write waits for the other.
 * @param writer one that sends no conditions
 */
export function serialisedWriter(writer: BucketWriter): BucketWriter {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(write: (writer: Compared) => Promise<Value>): Promise<Value> => {
    const turn = last.then(() => write(writer));
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    ...writer,
    writeText: (key, text, condition) =>
      inTurn(async ({ head, writeText }) => {
        const expected = condition === 'if-absent' ? undefined : condition.ifMatch;
        return (await head(key))?.etag === expected ? writeText(key, text, condition) : 'changed';
      }),
    completeUpload: (key, uploadId, parts, size) =>
      inTurn(async ({ head, completeUpload }) =>
        (await head(key)) === undefined ? completeUpload(key, uploadId, parts, size) : 'taken',
      ),
  };
}
