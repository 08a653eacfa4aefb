import { BlobFiles, RecordFiles } from './files.ts';
import type { BucketRecord, ObjectRecord, PartRecord, StoredRecord, UploadRecord } from './records.ts';

interface Upload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

interface Bucket {
  readonly record: BucketRecord;
  readonly objects: Map<string, ObjectRecord>;
}

/**
 * Buckets, objects and uploads: records in memory, each saved on disk first. All methods are synchronous, so a caller that reads,
 * decides and writes without an `await` in between does so atomically.
 */
export class Store {
  readonly blobs: BlobFiles;
  readonly #files: RecordFiles;
  readonly #buckets = new Map<string, Bucket>();
  readonly #uploads = new Map<string, Upload>();

  constructor(dataDir: string) {
    this.blobs = new BlobFiles(dataDir);
    this.#files = new RecordFiles(dataDir);
    const records = this.#files.load();
    for (const kind of ['bucket', 'object', 'upload', 'part'] as const) {
      for (const record of records) if (record.kind === kind) this.#restore(record);
    }
    this.blobs.sweep();
  }

  buckets(): readonly BucketRecord[] {
    return [...this.#buckets.values()].map(({ record }) => record);
  }

  bucket(name: string): BucketRecord | undefined {
    return this.#buckets.get(name)?.record;
  }

  objects(bucket: string): Iterable<ObjectRecord> {
    return this.#buckets.get(bucket)?.objects.values() ?? [];
  }

  object(bucket: string, key: string): ObjectRecord | undefined {
    return this.#buckets.get(bucket)?.objects.get(key);
  }

  uploads(bucket: string): readonly UploadRecord[] {
    return [...this.#uploads.values()].map(({ record }) => record).filter((record) => record.bucket === bucket);
  }

  upload(uploadId: string): UploadRecord | undefined {
    return this.#uploads.get(uploadId)?.record;
  }

  /** By ascending part number. */
  parts(uploadId: string): readonly PartRecord[] {
    return [...(this.#uploads.get(uploadId)?.parts.values() ?? [])].sort((a, b) => a.partNumber - b.partNumber);
  }

  saveBucket(record: BucketRecord): void {
    this.#files.save(record);
    this.#buckets.set(record.bucket, { record, objects: new Map() });
  }

  /** Replaces an object. The upload that created it, if any, ends with the same write. */
  saveObject(record: ObjectRecord): void {
    this.#files.save(record);
    const objects = this.#buckets.get(record.bucket)?.objects;
    const before = objects?.get(record.key);
    objects?.set(record.key, record);
    this.blobs.hold(record.blobs);
    this.blobs.release(before?.blobs ?? []);
    if (record.uploadId !== undefined) this.removeUpload(record.uploadId);
  }

  removeObject(record: ObjectRecord): void {
    this.#files.remove(record);
    this.#buckets.get(record.bucket)?.objects.delete(record.key);
    this.blobs.release(record.blobs);
  }

  saveUpload(record: UploadRecord): void {
    this.#files.save(record);
    this.#uploads.set(record.uploadId, { record, parts: new Map() });
  }

  savePart(record: PartRecord): void {
    this.#files.save(record);
    const parts = this.#uploads.get(record.uploadId)?.parts;
    const before = parts?.get(record.partNumber);
    parts?.set(record.partNumber, record);
    this.blobs.hold([record.blob]);
    this.blobs.release(before ? [before.blob] : []);
  }

  removeUpload(uploadId: string): void {
    const upload = this.#uploads.get(uploadId);
    if (!upload) return;
    this.#files.remove(upload.record);
    this.#uploads.delete(uploadId);
    for (const part of upload.parts.values()) {
      this.#files.removeLazily(part);
      this.blobs.release([part.blob]);
    }
  }

  /** Restores a record of an earlier process, or removes one that this process was killed before removing. */
  #restore(record: StoredRecord): void {
    switch (record.kind) {
      case 'bucket':
        this.#buckets.set(record.bucket, { record, objects: new Map() });
        return;
      case 'object':
        this.#buckets.get(record.bucket)?.objects.set(record.key, record);
        this.blobs.hold(record.blobs);
        return;
      case 'upload':
        if (this.object(record.bucket, record.key)?.uploadId === record.uploadId) this.#files.remove(record);
        else this.#uploads.set(record.uploadId, { record, parts: new Map() });
        return;
      case 'part': {
        const upload = this.#uploads.get(record.uploadId);
        if (!upload) this.#files.removeLazily(record);
        else upload.parts.set(record.partNumber, record);
        if (upload) this.blobs.hold([record.blob]);
      }
    }
  }
}
