import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds: the bucket forgets an open upload after a week. */
const lifetime = 8 * 24 * 3_600_000;

export interface UploadKey {
  readonly api: string;
  readonly channel: string;
  readonly release: string;
  readonly sha256: string;
}

/** Where an interrupted upload is remembered, so that the same command goes on with it. */
export interface RememberedUpload {
  /** The open upload's id, if this very declaration opened one. */
  readonly find: (declared: object) => Promise<string | undefined>;
  readonly keep: (upload: string, declared: object) => Promise<void>;
  readonly forget: () => Promise<void>;
}

export const stateDirectory = ({ XDG_STATE_HOME, HOME }: Readonly<Record<string, string | undefined>>): string =>
  join(XDG_STATE_HOME || join(HOME || homedir(), '.local', 'state'), 'channelctl');

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Without a place to write, an upload begins anew each time; nothing else is lost. */
const orNothing = <Value>(work: Promise<Value>): Promise<Value | undefined> => work.catch(() => undefined);

async function sweep(directory: string, now: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (now - (await stat(path)).mtimeMs > lifetime) await rm(path, { force: true });
  }
}

export function rememberedUpload(
  directory: string,
  { api, channel, release, sha256 }: UploadKey,
  now: () => number,
): RememberedUpload {
  const path = join(directory, `${digest([api, channel, release, sha256])}.json`);
  return {
    async find(declared) {
      const text = await orNothing(readFile(path, 'utf8'));
      try {
        const { upload, declaration } = JSON.parse(text ?? '{}') as { upload?: unknown; declaration?: unknown };
        return typeof upload === 'string' && declaration === digest(declared) ? upload : undefined;
      } catch {
        return undefined;
      }
    },
    async keep(upload, declared) {
      await orNothing(mkdir(directory, { recursive: true, mode: 0o700 }));
      await orNothing(sweep(directory, now()));
      const state = { upload, declaration: digest(declared), api, channel, release };
      await orNothing(writeFile(path, JSON.stringify(state), { mode: 0o600 }));
    },
    forget: async () => {
      await orNothing(rm(path, { force: true }));
    },
  };
}
