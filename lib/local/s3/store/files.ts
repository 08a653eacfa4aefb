import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownFile, ownFiles } from '../../data-dir.ts';
import type { Blob, StoredRecord } from './records.ts';

/**
 * The bytes of objects and parts. A blob is written once under a new name and lives as long as something holds it: a
 * record, or a request that reads it.
 */
export class BlobFiles {
  readonly #dataDir: string;
  readonly #directory: string;
  readonly #holders = new Map<string, number>();
  readonly #removals = new Set<Promise<void>>();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#directory = join(dataDir, 'blobs');
    mkdirSync(this.#directory, { recursive: true });
  }

  path(blob: Blob): string {
    if (!ownFile.blobs.test(blob.name)) throw new Error(`a record names a blob that is none: ${blob.name}`);
    return join(this.#directory, blob.name);
  }

  /** Writes what `fill` passes to its sink; the blob is durable when it resolves, and gone if `fill` throws. */
  async write<T>(fill: (sink: (chunk: Buffer) => Promise<void>) => Promise<T>): Promise<readonly [Blob, T]> {
    const name = randomUUID();
    const path = join(this.#directory, name);
    const file = await open(path, 'wx');
    let size = 0;
    try {
      const result = await fill(async (chunk) => {
        await writeAll(file, chunk);
        size += chunk.length;
      });
      await file.sync();
      await file.close();
      await this.#syncDirectory();
      return [{ name, size }, result];
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
  }

  hold(blobs: readonly Blob[]): void {
    for (const { name } of blobs) this.#holders.set(name, (this.#holders.get(name) ?? 0) + 1);
  }

  /** Lets go of blobs, and removes those that nobody else holds. */
  release(blobs: readonly Blob[]): void {
    for (const blob of blobs) {
      const left = (this.#holders.get(blob.name) ?? 0) - 1;
      if (left > 0) {
        this.#holders.set(blob.name, left);
        continue;
      }
      this.#holders.delete(blob.name);
      // A file that cannot be removed now is swept at the next start.
      const removal = rm(this.path(blob), { force: true })
        .catch(() => undefined)
        .finally(() => this.#removals.delete(removal));
      this.#removals.add(removal);
    }
  }

  /** Removes what nobody holds: the leavings of a process that was killed. */
  sweep(): void {
    for (const name of ownFiles(this.#dataDir, 'blobs')) {
      if (!this.#holders.has(name)) rmSync(join(this.#directory, name));
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#removals);
  }

  async #syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

/**
 * One JSON file for each record, named by the hash of what identifies it, so that no bucket, key or id ever becomes part
 * of a path. Everything here is synchronous: whoever checks a condition and saves in one go cannot be interrupted.
 */
export class RecordFiles {
  readonly #dataDir: string;
  readonly #directory: string;
  readonly #temporary: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#directory = join(dataDir, 'records');
    this.#temporary = join(dataDir, 'temporary');
    mkdirSync(this.#directory, { recursive: true });
    mkdirSync(this.#temporary, { recursive: true });
    for (const name of ownFiles(dataDir, 'temporary')) rmSync(join(this.#temporary, name));
  }

  load(): readonly StoredRecord[] {
    return ownFiles(this.#dataDir, 'records').map((name) =>
      JSON.parse(readFileSync(join(this.#directory, name), 'utf8')),
    );
  }

  /** Whole and durable when it returns; a crash leaves the old file or the new one. */
  save(record: StoredRecord): void {
    const name = fileName(record);
    const temporary = join(this.#temporary, name);
    rmSync(temporary, { force: true });
    // Never over a link that somebody left there.
    const file = openSync(temporary, 'wx');
    try {
      writeFileSync(file, JSON.stringify(record));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, join(this.#directory, name));
    this.#syncDirectory();
  }

  remove(record: StoredRecord): void {
    rmSync(join(this.#directory, fileName(record)), { force: true });
    this.#syncDirectory();
  }

  /** For records that mean nothing any more: should a crash leave one, the next start takes it away. */
  removeLazily(record: StoredRecord): void {
    rmSync(join(this.#directory, fileName(record)), { force: true });
  }

  #syncDirectory(): void {
    const directory = openSync(this.#directory, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}

function fileName(record: StoredRecord): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(identity(record)))
    .digest('hex');
  return `${hash}.json`;
}

function identity(record: StoredRecord): readonly (string | number)[] {
  switch (record.kind) {
    case 'bucket':
      return [record.kind, record.bucket];
    case 'object':
      return [record.kind, record.bucket, record.key];
    case 'upload':
      return [record.kind, record.uploadId];
    case 'part':
      return [record.kind, record.uploadId, record.partNumber];
  }
}
