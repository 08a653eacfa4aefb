import { Unavailable } from '../../domain/problem.ts';

/** The HTTP status of an error that the S3 client threw, where an answer came at all. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** A 404 that says nothing about the key. */
export const isBucketMissing = (error: unknown): boolean =>
  (error as { name?: unknown } | null)?.name === 'NoSuchBucket';

export const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The bucket does not answer as it should. Nothing is half done: run the same command again.', cause);
