import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownFiles } from '../../data-dir.ts';
import type { StoredRecord } from './records.ts';

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
