import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What is said of an archive that readers may trip over: it is refused, or accepted with warnings. */
export interface ReaderTrap {
  /** What Nix 2.26.3 and 2.34.8 do with it. */
  readonly nix: string;
  readonly refused?: string;
  readonly narHash?: string;
  readonly lastModified?: number;
  readonly warnings?: readonly string[];
}

export const readerTrapsFolder = fileURLToPath(new URL('../../fixtures/reader-traps/', import.meta.url));

const { traps } = JSON.parse(readFileSync(`${readerTrapsFolder}traps.json`, 'utf8')) as {
  readonly traps: Readonly<Record<string, ReaderTrap>>;
};

export const readerTraps = Object.entries(traps);
export const refusedTraps = readerTraps.filter(([, { refused }]) => refused !== undefined);
export const acceptedTraps = readerTraps.filter(([, { refused }]) => refused === undefined);
