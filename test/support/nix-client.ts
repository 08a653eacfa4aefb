import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface NixRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A Nix client with a store and caches of its own. */
export interface NixClient {
  readonly home: string;
  readonly nix: (...command: string[]) => Promise<NixRun>;
  readonly netrc: (line: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** `NIX_CLIENTS`: directories, separated by colons, each with an `env` to be sourced and Nix in `bin`. */
export const nixClients: readonly { readonly name: string; readonly directory: string }[] = (
  process.env.NIX_CLIENTS ?? ''
)
  .split(':')
  .filter((directory) => directory !== '')
  .map((directory) => ({ name: basename(directory), directory }));

export async function nixClient(directory: string): Promise<NixClient> {
  const home = await mkdtemp(join(tmpdir(), 'nix-home-'));
  await mkdir(join(home, 'etc'), { recursive: true });
  await writeFile(join(home, 'netrc'), '');
  return {
    home,
    async nix(...command) {
      const script = '. "$0/env"; exec "$@"';
      try {
        const { stdout, stderr } = await run('/bin/sh', ['-c', script, directory, ...command], {
          cwd: home,
          env: { NIXHOME: home },
        });
        return { code: 0, out: stdout, err: stderr };
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, out: stdout, err: stderr };
      }
    },
    netrc: (line) => appendFile(join(home, 'netrc'), `${line}\n`),
    close: () =>
      rm(home, { recursive: true, force: true, maxRetries: 3 }).catch(() =>
        run('chmod', ['-R', 'u+w', home]).then(() => rm(home, { recursive: true, force: true })),
      ),
  };
}
