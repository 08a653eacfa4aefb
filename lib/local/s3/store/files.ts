import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownFile, ownFiles } from '../../data-dir.ts';
import type { Blob, StoredRecord } from './records.ts';

/** The bytes of objects and parts. A blob is written once under a new name, and exists while a record or a reading request holds it. */
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
    if (!ownFile.blobs.test(blob.name)) throw new Error(`a record has an invalid blob name: ${blob.name}`);
    return join(this.#directory, blob.name);
  }

  /** Writes what `fill` passes to its sink. The blob is durable when this resolves, and removed if `fill` throws. */
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

  /** Releases blobs, and removes those that nothing else holds. */
  release(blobs: readonly Blob[]): void {
    for (const blob of blobs) {
      const left = (this.#holders.get(blob.name) ?? 0) - 1;
      if (left > 0) {
        this.#holders.set(blob.name, left);
        continue;
      }
      this.#holders.delete(blob.name);
      // The next start removes a file that cannot be removed now.
      const removal = rm(this.path(blob), { force: true })
        .catch(() => undefined)
        .finally(() => this.#removals.delete(removal));
      this.#removals.add(removal);
    }
  }

  /** Removes blobs that nothing holds, left by a process that was killed. */
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
 * One JSON file for each record, named by a hash of its identity, so that no bucket, key or ID becomes part of a path. All methods
 * are synchronous, so that a caller can check a condition and save atomically.
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

  /** The record is durable when this returns. A crash leaves either the old file or the new one. */
  save(record: StoredRecord): void {
    const name = fileName(record);
    const temporary = join(this.#temporary, name);
    rmSync(temporary, { force: true });
    // Fails on a symbolic link instead of following it.
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

  /** For records that no longer matter: if a crash leaves one, the next start removes it. */
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
