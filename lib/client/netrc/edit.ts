import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileBehind, fileProblem, writeFileWhole } from '../files.ts';
import { netrcFile } from './find.ts';
import { withLock } from './lock-file.ts';
import { netrcMatches } from './parse.ts';

interface Credentials {
  readonly host: string;
  readonly login: string;
  readonly password: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What ends by a quote needs no blank before the next word; what takes its place does. */
const apart = (text: string, { end, text: by }: Edit): string =>
  by !== '' && /^\S/.test(text.slice(end, end + 1)) ? `${by} ` : by;

const apply = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((edited, edit) => edited.slice(0, edit.start) + apart(text, edit) + edited.slice(edit.end), text);

/**
 * A netrc file with these credentials for a host. The host's first entry gets other values in the same places; without one a
 * line comes first of all, before any `default`, which would win otherwise, and before any macro that would swallow it.
 * Every other byte stays.
 */
export function mergeNetrc(text: string, { host, login, password }: Credentials): string {
  const [first] = netrcMatches(text, host);
  if (first === undefined || first.isDefault) return `machine ${host} login ${login} password ${password}\n${text}`;
  const { end, logins, passwords } = first;
  const missing = [logins.length === 0 ? ` login ${login}` : '', passwords.length === 0 ? ` password ${password}` : ''];
  return apply(text, [
    { start: end, end, text: missing.join('') },
    ...logins.map((token) => ({ ...token, text: login })),
    ...passwords.map((token) => ({ ...token, text: password })),
  ]);
}

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

interface UpdateOptions {
  readonly dryRun: boolean;
  /** Whether the file is there for all users of the machine, and stays as they may read it. */
  readonly ofSystem: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Plan {
  readonly update: NetrcUpdate;
  /** The file as it is to be; undefined where it is like that. */
  readonly file: { readonly content: Buffer; readonly mode: number } | undefined;
}

/** What is to change in the file as it is now. */
async function plan(path: string, credentials: Credentials, ofSystem: boolean): Promise<Plan> {
  const found = await netrcFile(path);
  if (found.state === 'unreadable') throw fileProblem('read', path, found);
  const { text, mode: from } = found.state === 'readable' ? found : { text: '', mode: ownerOnly };
  const merged = mergeNetrc(text, credentials);
  const matches = netrcMatches(text, credentials.host);
  const isKnown = matches[0]?.isDefault === false;
  const mode = ofSystem ? from : from & ownerOnly;
  return {
    update: {
      status: merged === text ? 'unchanged' : isKnown ? 'changed' : 'added',
      hasDefault: matches.some(({ isDefault }) => isDefault),
      narrowed: mode === from ? undefined : { from, to: mode },
      isShared: (mode & 0o077) !== 0,
    },
    file: merged === text && mode === from ? undefined : { content: Buffer.from(merged, 'latin1'), mode },
  };
}

/**
 * Puts credentials into a netrc file, which only its owner can read from then on unless it is the system's. The file is read
 * again under a lock, so that what another process wrote in between stays.
 */
export async function updateNetrc(
  path: string,
  credentials: Credentials,
  { dryRun, ofSystem, sleep }: UpdateOptions,
): Promise<NetrcUpdate> {
  const { update, file } = await plan(path, credentials, ofSystem);
  if (dryRun || file === undefined) return update;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { update: updated } = await withLock(await fileBehind(path), sleep, {
      prepare: () => plan(path, credentials, ofSystem),
      commit: async ({ file: next }) => {
        if (next !== undefined) await writeFileWhole(path, { ...next, replace: true });
      },
    });
    return updated;
  } catch (error) {
    throw fileProblem('written', path, error);
  }
}
