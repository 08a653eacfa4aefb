import { Conflict } from '../../lib/api/problem.ts';
import { factsFromMetadata, isSameTree, type ReleaseFacts } from '../../lib/domain/release-facts.ts';
import type { StoredObject } from '../../lib/store/write/bucket-writer.ts';

export interface DeclaredBytes {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5?: string | undefined;
  /** Made from a directory: the same tree at the same time is the same release, however it was compressed. */
  readonly packed?: boolean;
  readonly facts: ReleaseFacts;
}

/**
 * Throws unless the object in the bucket has the declared bytes and is the channel's own, where a channel is given. An object without our metadata
 * belongs to whoever published it with other tools; its entity tag is the MD5 when it was sent in one piece unencrypted.
 */
export function assertSameBytes(object: StoredObject, channel: string | undefined, declared: DeclaredBytes): void {
  const { key, size, sha256, md5, packed = false, facts } = declared;
  const { channel: owner, sha256: known } = object.metadata;
  if (owner !== undefined && channel !== undefined && owner !== channel)
    throw new Conflict('other-channel', `The release "${key}" belongs to the channel "${owner}": choose another name.`);
  const other = () =>
    new Conflict(
      'other-bytes',
      `The release "${key}" is in the bucket with other bytes: a release never changes, choose another name.`,
    );
  if (packed && isSameTree(factsFromMetadata(object.metadata), facts)) return;
  if (object.size !== size) throw other();
  if (known !== undefined) {
    if (known !== sha256) throw other();
    return;
  }
  const etag = object.etag.replaceAll('"', '');
  if (!/^[0-9a-f]{32}$/.test(etag))
    throw new Conflict(
      'undecidable',
      `The release "${key}" is in the bucket with the same size, but nothing there tells whether its bytes are the same: choose another name.`,
    );
  if (md5 === undefined)
    throw new Conflict(
      'md5-needed',
      `The release "${key}" is in the bucket without a SHA-256: declare the MD5 of the file to compare.`,
    );
  if (etag !== md5) throw other();
}
