import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type GitFacts, gitFacts } from '../../../../lib/nar/pack/git.ts';
import { gitRunner, type RunGit } from '../../../../lib/nar/pack/repository.ts';

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
  GIT_ALLOW_PROTOCOL: 'file',
};
const git = (...args: readonly string[]) =>
  execFileSync('git', args, { cwd: directory, env, stdio: 'pipe' }).toString().trim();
const put = (name: string, content = 'x\n') => writeFileSync(join(directory, name), content);
const options = { run: gitRunner(env), submodules: false };
const look = (from = directory, top = directory) => gitFacts(top, from, options);
const lookWithSubmodules = () => gitFacts(directory, directory, { ...options, submodules: true });
const paths = (facts: GitFacts) => facts.entries.map(({ path }) => path);

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

describe('gitFacts of a checkout', () => {
  it('gives its commit, the number of commits, and the time of the commit', async () => {
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

  it('gives the tracked files, and no others', async () => {
    put('untracked');
    put('.gitignore', 'ignored\n');
    put('ignored');
    const facts = await look();
    expect(paths(facts)).toEqual(['b', Buffer.from('d/ü').toString('latin1'), 'link', 'run']);
    expect(facts.entries.map(({ kind, executable, target }) => [kind, executable, target])).toEqual([
      ['file', false, ''],
      ['file', false, ''],
      ['symlink', false, 'b'],
      ['file', true, ''],
    ]);
    expect(facts.dirty).toBe(false);
  });

  it('is dirty when a tracked file is changed, added or deleted', async () => {
    put('b', 'changed\n');
    expect((await look()).dirty).toBe(true);
    git('checkout', '--quiet', '.');
    put('new');
    git('add', 'new');
    expect(await look()).toMatchObject({ dirty: true });
    git('reset', '--quiet', '--hard');
    rmSync(join(directory, 'run'));
    const facts = await look();
    expect(facts.dirty).toBe(true);
    expect(paths(facts)).not.toContain('run');
  });

  it('may be published from below its root', async () => {
    put('b', 'changed above\n');
    const facts = await look(join(directory, 'd'));
    expect(paths(facts)).toEqual([Buffer.from('ü').toString('latin1')]);
    expect(facts.dirty).toBe(false);
  });

  it('has no rev without a commit', async () => {
    rmSync(join(directory, '.git'), { recursive: true });
    git('init', '--quiet');
    git('add', '.');
    const facts = await look();
    expect(facts).toMatchObject({ dirty: true });
    expect(Object.keys(facts).sort()).toEqual(['dirty', 'entries', 'untracked']);
  });

  it('has no revCount when it is shallow', async () => {
    put('b', 'y\n');
    git('commit', '--quiet', '-a', '-m', 'two');
    git('clone', '--quiet', '--depth=1', `file://${directory}`, 'shallow');
    const shallow = join(directory, 'shallow');
    const facts = await look(shallow, shallow);
    expect(facts.rev).toBe(git('rev-parse', 'HEAD'));
    expect(facts).not.toHaveProperty('revCount');
  });

  it('is refused with a submodule, which --submodules packs', async () => {
    git('clone', '--quiet', '.', 'sub');
    git('add', 'sub');
    await expect(look()).rejects.toThrow("The archive's entry 'sub' is a submodule: pack it with --submodules.");
    rmSync(join(directory, 'sub/.git'), { recursive: true });
    const init = 'git submodule update --init --recursive';
    await expect(look()).rejects.toThrow(`check it out with \`${init}\`, and pack it with --submodules.`);
    await expect(lookWithSubmodules()).rejects.toThrow(
      `'sub' is a submodule that is not checked out: check it out with \`${init}\`.`,
    );
  });

  it('has the files of its submodules, and is dirty when one has changes or another commit', async () => {
    git('clone', '--quiet', '.', 'sub');
    git('clone', '--quiet', '.', 'sub/d/deep');
    git('-C', 'sub', 'add', 'd/deep');
    git('-C', 'sub', 'commit', '--quiet', '-m', 'deep');
    git('add', 'sub');
    git('commit', '--quiet', '-m', 'sub');
    put('sub/d/deep/untracked');
    const facts = await lookWithSubmodules();
    expect(facts).toMatchObject({ dirty: false, untracked: 1, rev: git('rev-parse', 'HEAD') });
    expect(paths(facts)).toEqual(expect.arrayContaining(['b', 'sub', 'sub/b', 'sub/d/deep', 'sub/d/deep/b']));
    put('sub/d/deep/b', 'changed\n');
    expect((await lookWithSubmodules()).dirty).toBe(true);
    git('-C', 'sub/d/deep', 'commit', '--quiet', '-a', '-m', 'another');
    expect((await lookWithSubmodules()).dirty).toBe(true);
    git('-C', 'sub', 'commit', '--quiet', '-a', '-m', 'another');
    expect((await lookWithSubmodules()).dirty).toBe(true);
    git('commit', '--quiet', '-a', '-m', 'another');
    expect((await lookWithSubmodules()).dirty).toBe(false);
    git('update-index', '--assume-unchanged', 'sub');
    git('-C', 'sub', 'commit', '--quiet', '--allow-empty', '-m', 'unseen');
    expect((await lookWithSubmodules()).dirty).toBe(true);
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

  it('is refused when it is sparse, though something else has changed', async () => {
    git('sparse-checkout', 'set', '--no-cone', '/b', '/run');
    await expect(look()).rejects.toThrow(/is tracked but not in the working tree.*git sparse-checkout disable/);
    put('b', 'changed\n');
    await expect(look()).rejects.toThrow(/is tracked but not in the working tree/);
  });

  it.each(['--assume-unchanged', '--skip-worktree'])(
    'is dirty when a file is changed that git does not look at, by %s',
    async (flag) => {
      git('update-index', flag, 'b', 'link');
      expect((await look()).dirty).toBe(false);
      put('b', 'changed\n');
      expect((await look()).dirty).toBe(true);
      put('b');
      rmSync(join(directory, 'link'));
      symlinkSync('d', join(directory, 'link'));
      expect((await look()).dirty).toBe(true);
    },
  );

  it('has the execute bits of the index if the file system has none', async () => {
    git('config', 'core.fileMode', 'false');
    chmodSync(join(directory, 'run'), 0o644);
    chmodSync(join(directory, 'b'), 0o755);
    const facts = await look();
    expect(facts.dirty).toBe(false);
    expect(facts.entries.filter(({ executable }) => executable).map(({ path }) => path)).toEqual(['run']);
  });

  it('does not follow a symlink that replaced a directory', async () => {
    rmSync(join(directory, 'd'), { recursive: true });
    const elsewhere = mkdtempSync(join(tmpdir(), 'nar-git-'));
    writeFileSync(join(elsewhere, 'ü'), 'secret');
    symlinkSync(elsewhere, join(directory, 'd'));
    const facts = await look();
    rmSync(elsewhere, { recursive: true });
    expect(facts.dirty).toBe(true);
    expect(paths(facts)).toEqual(['b', 'link', 'run']);
  });

  it('counts the files below the directory that are neither tracked nor ignored', async () => {
    put('.gitignore', 'ignored\n');
    put('ignored');
    put('d/new');
    put('d/newer');
    expect((await look()).untracked).toBe(3);
    expect((await look(join(directory, 'd'))).untracked).toBe(2);
  });

  it('is clean with the files of Git LFS pointers, and dirty when they differ', async () => {
    const content = 'large\n';
    const sha256 = createHash('sha256').update(content).digest('hex');
    const clean = join(directory, '.git/clean');
    writeFileSync(
      clean,
      `#!/bin/sh\necho version https://git-lfs.github.com/spec/v1\necho oid sha256:${sha256}\necho size ${content.length}\n`,
      { mode: 0o755 },
    );
    put('.gitattributes', 'large filter=lfs\n');
    put('large', content);
    git('-c', `filter.lfs.clean=${clean}`, 'add', '.');
    git('commit', '--quiet', '-m', 'large');
    expect((await look()).dirty).toBe(false);
    chmodSync(join(directory, 'large'), 0o755);
    expect((await look()).dirty).toBe(true);
    chmodSync(join(directory, 'large'), 0o644);
    put('large', 'LARGE\n');
    expect((await look()).dirty).toBe(true);
    put('large', 'larger\n');
    expect((await look()).dirty).toBe(true);
  });

  it('runs no program of its configuration', async () => {
    const ran = join(directory, '.git/ran');
    const script = join(directory, '.git/script');
    writeFileSync(script, `#!/bin/sh\necho >> '${ran}'\ncat\n`, { mode: 0o755 });
    mkdirSync(join(directory, '.git/programs'));
    for (const hook of ['post-index-change', 'reference-transaction', 'pre-commit'])
      symlinkSync(script, join(directory, '.git/programs', hook));
    put('.gitattributes', '* filter=mine\nrun filter=its.process\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'attributes');
    for (const [name, value] of [
      ['core.fsmonitor', script],
      ['core.hooksPath', join(directory, '.git/programs')],
      ['core.pager', script],
      ['log.showSignature', 'true'],
      ['gpg.program', script],
      ['filter.mine.clean', script],
      ['filter.mine.required', 'true'],
      ['filter.its.process.process', script],
    ] as const)
      git('config', name, value);
    put('b', 'y\n');
    put('run', 'y\n');
    expect((await look()).dirty).toBe(true);
    expect(existsSync(ran)).toBe(false);
    git('status', '--porcelain');
    expect(existsSync(ran)).toBe(true);
  });

  it('runs no program of the configuration of a submodule', async () => {
    git('clone', '--quiet', '.', 'sub');
    put('sub/.gitattributes', '* filter=mine\n');
    git('-C', 'sub', 'add', '.');
    git('-C', 'sub', 'commit', '--quiet', '-m', 'attributes');
    git('add', 'sub');
    git('commit', '--quiet', '-m', 'sub');
    const ran = join(directory, '.git/ran');
    for (const [name, value] of [
      ['filter.mine.clean', `cat; touch '${ran}'; :`],
      ['core.fsmonitor', `touch '${ran}'; :`],
    ] as const)
      git('-C', 'sub', 'config', name, value);
    put('sub/b', 'y\n');
    expect((await lookWithSubmodules()).dirty).toBe(true);
    expect(existsSync(ran)).toBe(false);
    git('status', '--porcelain');
    expect(existsSync(ran)).toBe(true);
  });

  it('is dirty when its files are of a commit that replaces its own (refs/replace)', async () => {
    const first = git('rev-parse', 'HEAD');
    put('b', 'y\n');
    git('commit', '--quiet', '-a', '-m', 'two');
    git('replace', first, 'HEAD');
    git('update-ref', 'refs/heads/main', first);
    expect(git('status', '--porcelain')).toBe('');
    expect(await look()).toMatchObject({ rev: first, dirty: true });
  });

  it('does not run a git program inside the checkout', async () => {
    const ran = join(directory, '.git/ran');
    writeFileSync(join(directory, 'git'), `#!/bin/sh\ntouch '${ran}'\n`, { mode: 0o755 });
    const run = gitRunner({ ...env, PATH: `.:${env.PATH}` });
    expect((await gitFacts(directory, directory, { ...options, run })).dirty).toBe(false);
    expect(existsSync(ran)).toBe(false);
  });

  it('is refused if a filter cannot be turned off', async () => {
    git('config', 'filter.a=b.clean', 'cat');
    await expect(look()).rejects.toThrow('the filter "a=b" in its configuration cannot be turned off.');
  });

  it('is the same whatever the environment says', async () => {
    const other = join(directory, 'other');
    git('init', '--quiet', other);
    const run = gitRunner({
      ...env,
      GIT_DIR: join(other, '.git'),
      GIT_WORK_TREE: other,
      GIT_INDEX_FILE: join(other, 'index'),
      GIT_CEILING_DIRECTORIES: directory,
      GIT_TRACE: '1',
    });
    const below = join(directory, 'd');
    expect(await gitFacts(directory, below, { run, submodules: false })).toMatchObject({
      rev: git('rev-parse', 'HEAD'),
      dirty: false,
    });
    git('config', 'core.worktree', other);
    await expect(look()).rejects.toThrow(`git says that the checkout is at ${other}.`);
  });
});

describe('gitRunner', () => {
  it('is replaced by what the caller passes', async () => {
    const asked: string[] = [];
    const run: RunGit = async (_, args) => {
      asked.push(args.join(' '));
      return { code: 128, stdout: Buffer.alloc(0), stderr: 'fatal: detected dubious ownership in repository\nmore' };
    };
    await expect(gitFacts(directory, directory, { ...options, run })).rejects.toThrow(
      `git says "fatal: detected dubious ownership in repository", so if you trust it, run \`git config --global --add safe.directory '${directory}'\`.`,
    );
    expect(asked).toEqual(['rev-parse --show-toplevel']);
  });

  it('says when git is not installed', async () => {
    const run = gitRunner({ PATH: '/nowhere' });
    await expect(gitFacts(directory, directory, { ...options, run })).rejects.toThrow(
      'the program git cannot be run (ENOENT).',
    );
  });
});
