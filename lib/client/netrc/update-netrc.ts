import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileProblem } from '../file-problem.ts';
import { writeFileWhole } from '../write-file-whole.ts';
import { type Credentials, mergeNetrc } from './merge-netrc.ts';
import { netrcMatches } from './netrc-matches.ts';

export interface NetrcUpdate {
  readonly status: 'added' | 'changed' | 'unchanged';
  /** Whether the file has an entry for every host. */
  readonly hasDefault: boolean;
}

interface Existing {
  readonly text: string;
  readonly mode: number;
}

const ownerOnly = 0o600;

async function existing(path: string): Promise<Existing | undefined> {
  try {
    // One character a byte, so that whatever stands there comes out as it went in.
    return { text: await readFile(path, 'latin1'), mode: (await stat(path)).mode & 0o777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileProblem('read', path, error);
  }
}

/** Puts credentials into a netrc file, which only its owner can read from then on. */
export async function updateNetrc(path: string, credentials: Credentials, dryRun: boolean): Promise<NetrcUpdate> {
  const found = await existing(path);
  const { text = '', mode = ownerOnly } = found ?? {};
  const merged = mergeNetrc(text, credentials);
  const matches = netrcMatches(text, credentials.host);
  const known = matches[0]?.isDefault === false;
  const safe = mode & ownerOnly;
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
  };
}
