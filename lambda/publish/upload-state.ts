import type { ArchiveFacts, ReleaseFacts } from '../../lib/domain/release-facts.ts';

/**
 * What is kept of an open upload, because S3 tells of one only which parts arrived: the declaration that its parts are signed
 * and checked by. It lies under a prefix that the bucket's lifecycle empties, and that no reader can reach.
 */
export interface UploadState {
  readonly upload: string;
  readonly key: string;
  readonly release: string;
  /** S3's own id; null when the bytes are in the bucket already and only the record has to follow. */
  readonly uploadId: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly partSha256s: readonly string[];
  /** Of parts that are checked by it instead. */
  readonly partMd5s?: readonly string[];
  readonly md5?: string;
  readonly facts: ReleaseFacts;
  readonly archive?: ArchiveFacts;
  readonly packed?: boolean;
}

export const uploadsPrefix = 'uploads/';

export const uploadStateKey = (channel: string, upload: string): string => `${uploadsPrefix}${channel}/${upload}.json`;

/** Only we write these, so what is there is what was written. */
export const parseUploadState = (text: string): UploadState => JSON.parse(text) as UploadState;

export const formatUploadState = (state: UploadState): string => JSON.stringify(state);
