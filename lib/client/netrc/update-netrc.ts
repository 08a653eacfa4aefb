import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileProblem } from '../file-problem.ts';
import { writeFileWhole } from '../write-file-whole.ts';
import { type Credentials, mergeNetrc } from './merge-netrc.ts';
import { netrcFile } from './netrc-file.ts';
import { netrcMatches } from './netrc-matches.ts';

export interface NetrcUpdate {
  readonly status: 'added' | 'changed' | 'unchanged';
  /** Whether the file has an entry for every host. */
  readonly hasDefault: boolean;
  /** The file's mode before and now; undefined where that is the same. */
  readonly narrowed?: { readonly from: number; readonly to: number } | undefined;
  /** Whether others can read it. */
  readonly isShared: boolean;
}

const ownerOnly = 0o600;

export interface UpdateOptions {
  readonly dryRun: boolean;
  /** Whether the file is there for all users of the machine, and stays as they may read it. */
  readonly ofSystem: boolean;
}

/** Puts credentials into a netrc file, which only its owner can read from then on unless it is the system's. */
export async function updateNetrc(
  path: string,
  credentials: Credentials,
  { dryRun, ofSystem }: UpdateOptions,
): Promise<NetrcUpdate> {
  const found = await netrcFile(path);
  if (found.state === 'unreadable') throw fileProblem('read', path, found);
  const { text, mode } = found.state === 'readable' ? found : { text: '', mode: ownerOnly };
  const merged = mergeNetrc(text, credentials);
  const matches = netrcMatches(text, credentials.host);
  const known = matches[0]?.isDefault === false;
  const safe = ofSystem ? mode : mode & ownerOnly;
  if (!dryRun && (merged !== text || safe !== mode))
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileWhole(path, { content: Buffer.from(merged, 'latin1'), mode: safe, replace: true });
    } catch (error) {
      throw fileProblem('written', path, error);
    }
  return {
    status: merged === text ? 'unchanged' : known ? 'changed' : 'added',
    hasDefault: matches.some(({ isDefault }) => isDefault),
    narrowed: safe === mode ? undefined : { from: mode, to: safe },
    isShared: (safe & 0o077) !== 0,
  };
}
