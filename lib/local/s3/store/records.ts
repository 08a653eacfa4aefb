import type { ObjectChecksum } from '../checksums.ts';

/** An immutable file with a unique name. */
export interface Blob {
  readonly name: string;
  readonly size: number;
}

export interface BucketRecord {
  readonly kind: 'bucket';
  readonly bucket: string;
  readonly created: string;
}

/** The headers and metadata of an object, as its writer set them. */
export interface ObjectDescription {
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Absent if there are none. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ObjectRecord extends ObjectDescription {
  readonly kind: 'object';
  readonly bucket: string;
  readonly key: string;
  /** The body, in order. */
  readonly blobs: readonly Blob[];
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: string;
  readonly checksum?: ObjectChecksum & { readonly value: string };
  /** The multipart upload that created it. */
  readonly uploadId?: string;
}

export interface UploadRecord extends ObjectDescription {
  readonly kind: 'upload';
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: string;
  readonly checksum?: ObjectChecksum;
}

export interface PartRecord {
  readonly kind: 'part';
  readonly uploadId: string;
  readonly partNumber: number;
  readonly blob: Blob;
  readonly etag: string;
  readonly lastModified: string;
  readonly checksum?: string;
}

export type StoredRecord = BucketRecord | ObjectRecord | UploadRecord | PartRecord;
