import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type GitFacts, gitFacts, type RunGit } from '../../../lib/nar/git-source.ts';
import { runGitIn } from '../../../lib/nar/run-git.ts';

let directory = '';
const env = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '1600000000 +0000',
  GIT_COMMITTER_DATE: '1700000000 +0000',
  GIT_CEILING_DIRECTORIES: tmpdir(),
};
const git = (...args: readonly string[]) =>
  execFileSync('git', args, { cwd: directory, env, stdio: 'pipe' }).toString().trim();
const put = (name: string, content = 'x\n') => writeFileSync(join(directory, name), content);
const look = (from = directory) => gitFacts(from, runGitIn(from, env));
const paths = (facts: GitFacts | undefined) => facts?.entries.map(({ path }) => path);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nar-git-'));
  git('init', '--quiet', '--initial-branch=main');
  put('b');
  put('run');
  chmodSync(join(directory, 'run'), 0o755);
  mkdirSync(join(directory, 'd'));
  put('d/ü');
  symlinkSync('b', join(directory, 'link'));
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a git checkout', () => {
  it('tells its commit, how many there are, and when it was made', async () => {
    put('b', 'y\n');
    git('commit', '--quiet', '-a', '-m', 'two');
    const facts = await look();
    expect(facts).toMatchObject({
      rev: git('rev-parse', 'HEAD'),
      revCount: 2,
      lastModified: 1_700_000_000,
      dirty: false,
    });
  });

  it('gives what is tracked, and not the rest', async () => {
    put('untracked');
    put('.gitignore', 'ignored\n');
    put('ignored');
    const facts = await look();
    expect(paths(facts)).toEqual(['b', Buffer.from('d/ü').toString('latin1'), 'link', 'run']);
    expect(facts?.entries.map(({ kind, executable, target }) => [kind, executable, target])).toEqual([
      ['file', false, ''],
      ['file', false, ''],
      ['symlink', false, 'b'],
      ['file', true, ''],
    ]);
    expect(facts?.dirty).toBe(false);
  });

  it('is dirty when a tracked file is changed, added or away', async () => {
    put('b', 'changed\n');
    expect((await look())?.dirty).toBe(true);
    git('checkout', '--quiet', '.');
    put('new');
    git('add', 'new');
    expect(await look()).toMatchObject({ dirty: true });
    git('reset', '--quiet', '--hard');
    rmSync(join(directory, 'run'));
    const facts = await look();
    expect(facts?.dirty).toBe(true);
    expect(paths(facts)).not.toContain('run');
  });

  it('may be published from below its root', async () => {
    put('b', 'changed above\n');
    const facts = await look(join(directory, 'd'));
    expect(paths(facts)).toEqual([Buffer.from('ü').toString('latin1')]);
    expect(facts?.dirty).toBe(false);
  });

  it('without a commit has no rev', async () => {
    rmSync(join(directory, '.git'), { recursive: true });
    git('init', '--quiet');
    git('add', '.');
    const facts = await look();
    expect(facts).toMatchObject({ dirty: true });
    expect(Object.keys(facts ?? {}).sort()).toEqual(['dirty', 'entries']);
  });

  it('that is shallow has no revCount', async () => {
    put('b', 'y\n');
    git('commit', '--quiet', '-a', '-m', 'two');
    git('clone', '--quiet', '--depth=1', `file://${directory}`, 'shallow');
    const facts = await look(join(directory, 'shallow'));
    expect(facts?.rev).toBe(git('rev-parse', 'HEAD'));
    expect(facts).not.toHaveProperty('revCount');
  });

  it('is refused with a submodule', async () => {
    git('clone', '--quiet', '.', 'sub');
    git('add', 'sub');
    await expect(look()).rejects.toThrow("The archive's entry 'sub' is a submodule, which is not packed.");
  });

  it('is refused with a merge conflict', async () => {
    git('checkout', '--quiet', '-b', 'other');
    put('b', '1\n');
    git('commit', '--quiet', '-a', '-m', '1');
    git('checkout', '--quiet', 'main');
    put('b', '2\n');
    git('commit', '--quiet', '-a', '-m', '2');
    expect(() => git('merge', 'other')).toThrow();
    await expect(look()).rejects.toThrow("The archive's entry 'b' has a merge conflict.");
  });

  it('is refused when it is sparse', async () => {
    git('sparse-checkout', 'set', '--no-cone', '/b', '/run');
    await expect(look()).rejects.toThrow(/is tracked but not in the working tree/);
  });

  it('is not what other directories are', async () => {
    rmSync(join(directory, '.git'), { recursive: true });
    expect(await look()).toBeUndefined();
  });
});

describe('git itself', () => {
  it('is asked through what the caller gives', async () => {
    const asked: string[] = [];
    const run: RunGit = async (args) => {
      asked.push(args.join(' '));
      return { code: 128, stdout: Buffer.alloc(0), stderr: 'fatal: detected dubious ownership in repository\nmore' };
    };
    await expect(gitFacts(directory, run)).rejects.toThrow(
      'git failed: fatal: detected dubious ownership in repository',
    );
    expect(asked).toEqual(['rev-parse --is-inside-work-tree']);
  });

  it('may be missing', async () => {
    await expect(gitFacts(directory, runGitIn(directory, { PATH: '/nowhere' }))).rejects.toThrow(
      'The program git cannot be run (ENOENT).',
    );
  });
});
