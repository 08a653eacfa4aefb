import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Of every file and commit, in seconds: 2025-05-15. */
export const sourceTime = 1_747_267_200;

/** Directories and git checkouts to publish, below one temporary directory. */
export interface SourceDirectories {
  readonly root: string;
  readonly directory: (name: string, files: Readonly<Record<string, string>>) => Promise<string>;
  /** With one commit, and a file that git does not track. */
  readonly checkout: (name: string) => Promise<{ readonly path: string; readonly rev: string }>;
  readonly git: (path: string, ...args: readonly string[]) => string;
  readonly remove: () => Promise<void>;
}

export async function sourceDirectories(): Promise<SourceDirectories> {
  const root = await mkdtemp(join(tmpdir(), 'nix-channel-sources-'));

  async function directory(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const path = join(root, name);
    await mkdir(path);
    for (const [file, content] of Object.entries(files)) {
      const at = join(path, file);
      await mkdir(dirname(at), { recursive: true });
      await writeFile(at, content);
      await utimes(at, sourceTime, sourceTime);
    }
    for (const each of ['.', ...new Set(Object.keys(files).map(dirname))])
      await utimes(join(path, each), sourceTime, sourceTime);
    return path;
  }

  function git(path: string, ...args: readonly string[]): string {
    const { PATH } = process.env;
    const date = `${sourceTime} +0000`;
    const who = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date, HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
    const config = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always'];
    const options = { cwd: path, env: { PATH, ...who }, encoding: 'utf8' } as const;
    return execFileSync('git', [...config, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  async function checkout(name: string): Promise<{ readonly path: string; readonly rev: string }> {
    const path = await directory(name, { 'flake.nix': '{ }', 'lib/word': 'tracked', 'result.log': 'untracked' });
    git(path, 'init', '-q', '--initial-branch=main');
    git(path, 'add', 'flake.nix', 'lib');
    git(path, 'commit', '-q', '-m', 'first');
    return { path, rev: git(path, 'rev-parse', 'HEAD') };
  }

  return { root, directory, checkout, git, remove: () => rm(root, { recursive: true }) };
}
