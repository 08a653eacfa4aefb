import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownFile, ownFiles } from '../../data-dir.ts';
import type { Blob } from './records.ts';

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
