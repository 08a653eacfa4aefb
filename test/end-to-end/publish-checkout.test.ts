import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { launchPublish } from '../support/launch-publish.ts';
import { nixClient, nixClients } from '../support/nix-client.ts';
import type { CommandRun } from '../support/run-command.ts';
import { type SourceDirectories, sourceDirectories, sourceTime as time } from '../support/source-directories.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const day = '2025-05-15';
let system: TestSystem;
let sources: SourceDirectories;
const git: SourceDirectories['git'] = (path, ...args) => sources.git(path, ...args);
const directory: SourceDirectories['directory'] = (name, files) => sources.directory(name, files);
const checkout: SourceDirectories['checkout'] = (name) => sources.checkout(name);

beforeAll(async () => {
  sources = await sourceDirectories();
  system = await startTestSystem();
  await checkout('checkout');
});
afterAll(async () => {
  await system.close();
  await sources.remove();
});

const add = (channel: string): Promise<CommandRun> => system.channelctl('add', channel);
const recordOf = async (channel: string): Promise<ChannelRecord> => JSON.parse(await system.read(`${channel}.json`));
const narHashOf = async (channel: string): Promise<string | undefined> => (await recordOf(channel)).facts?.narHash;

/** Publishes, and sees that no temporary file is left. */
async function publish(channel: string, path: string, ...flags: string[]): Promise<CommandRun> {
  const run = await system.channelctl('publish', channel, path, ...flags);
  expect((await readdir(system.directory)).filter((name) => !['data', 'channelctl'].includes(name))).toEqual([]);
  return run;
}

/** What a directory with these files has as its narHash, by a channel of its own. */
async function narHashOfFiles(name: string, files: Readonly<Record<string, string>>): Promise<string | undefined> {
  await add(name);
  expect((await publish(name, await directory(name, files))).code).toBe(0);
  return narHashOf(name);
}

async function commitAll(path: string): Promise<void> {
  git(path, 'add', '--all');
  git(path, 'commit', '-q', '-m', 'more');
}

const tracked = { 'flake.nix': '{ }', 'lib/word': 'tracked' };

describe('a git checkout that is published', () => {
  it('has the files that git tracks, and the facts of its commit', async () => {
    await add('excluding');
    const { path, rev } = await checkout('excluding');
    await writeFile(join(path, '.git/info/exclude'), 'ignored\n');
    await writeFile(join(path, 'ignored'), 'secret');
    expect(await publish('excluding', path)).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^1 untracked file is left out\npacking 10 B\n/),
    });
    const record = await recordOf('excluding');
    expect(record.latest).toBe(`excluding-${day}-${rev.slice(0, 7)}`);
    expect(record.facts).toMatchObject({ rev, revCount: 1, lastModified: time });
    const { headers } = await system.ask('/channel/excluding.tar.xz');
    expect(headers.link).toContain(`?rev=${rev}&revCount=1&lastModified=${time}&narHash=`);
    expect(record.facts?.narHash).toBe(await narHashOfFiles('tracked', tracked));
  });

  it('is named by the options of the command line, which come before what git says', async () => {
    await add('said');
    const rev = 'ab'.repeat(20);
    const flags = ['--rev', rev, '--rev-count', '7', '--last-modified', '86400'];
    expect((await publish('said', join(sources.root, 'checkout'), ...flags)).code).toBe(0);
    expect(await recordOf('said')).toMatchObject({
      latest: 'said-1970-01-02-abababa',
      facts: { rev, revCount: 7, lastModified: 86_400 },
    });
  });

  it('is refused with uncommitted changes, and has no rev where they are allowed', async () => {
    await add('dirty');
    const { path } = await checkout('dirty');
    await writeFile(join(path, 'lib/word'), 'changed');
    const before = await system.read('dirty.json');
    const refused = await publish('dirty', path);
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toMatch(/^channelctl: [^\n]*changes that are not committed[^\n]*--allow-dirty\.\n$/);
    expect(await system.read('dirty.json')).toBe(before);
    expect((await publish('dirty', path, '--allow-dirty')).code).toBe(0);
    const { facts, latest } = await recordOf('dirty');
    expect(facts).not.toHaveProperty('rev');
    expect(facts).not.toHaveProperty('revCount');
    expect(latest).toMatch(new RegExp(`^dirty-${day}-nar-[0-9a-f]{7}$`));
    expect(facts?.narHash).toBe(await narHashOfFiles('changed', { ...tracked, 'lib/word': 'changed' }));
  });

  it('is refused with deleted files, and packed without them where that is allowed', async () => {
    await add('deleted');
    const { path } = await checkout('deleted');
    await rm(join(path, 'lib'), { recursive: true });
    expect(await publish('deleted', path)).toMatchObject({ code: 3, err: expect.stringContaining('not committed') });
    expect((await publish('deleted', path, '--allow-dirty')).code).toBe(0);
    expect(await narHashOf('deleted')).toBe(await narHashOfFiles('remaining', { 'flake.nix': '{ }' }));
  });

  it('is packed from below its root, through a symlink, and from a linked worktree', async () => {
    const { path, rev } = await checkout('places');
    const tree = join(sources.root, 'worktree');
    git(path, 'worktree', 'add', '-q', '--detach', tree);
    await symlink(path, join(sources.root, 'link'));
    for (const [channel, place] of [
      ['below', join(path, 'lib')],
      ['linked', join(sources.root, 'link')],
      ['worktree', tree],
    ] as const) {
      await add(channel);
      expect((await publish(channel, place)).code).toBe(0);
      expect((await recordOf(channel)).facts?.rev).toBe(rev);
    }
    expect(await narHashOf('below')).toBe(await narHashOfFiles('word', { word: 'tracked' }));
    expect([await narHashOf('linked'), await narHashOf('worktree')]).toEqual(
      Array(2).fill(await narHashOfFiles('whole', tracked)),
    );
  });

  it('is the one on disk, whatever the environment of a git hook names', async () => {
    await add('in-hook');
    const { path, rev } = await checkout('in-hook');
    const other = await checkout('other');
    const command = launchPublish(system, 'in-hook', path, {
      GIT_DIR: join(other.path, '.git'),
      GIT_WORK_TREE: other.path,
      GIT_INDEX_FILE: join(other.path, '.git/index'),
      GIT_CEILING_DIRECTORIES: path,
    });
    expect([await command.ended, command.printed()]).toEqual([0, expect.stringContaining('published: in-hook-')]);
    expect((await recordOf('in-hook')).facts?.rev).toBe(rev);
  });

  it('is refused with pointers of Git LFS, unless they are allowed', async () => {
    await add('pointers');
    const { path } = await checkout('pointers');
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 5\n`;
    await writeFile(join(path, 'large.bin'), pointer);
    await commitAll(path);
    const one = await publish('pointers', path);
    expect(one).toMatchObject({ code: 3, out: '' });
    expect(one.err).toMatch(
      /^channelctl: large\.bin is a Git LFS pointer instead of the file: run `git lfs pull`, or pass --allow-lfs-pointers\.\n$/,
    );
    await writeFile(join(path, 'lib/large'), pointer);
    await commitAll(path);
    expect((await publish('pointers', path)).err).toContain('(and so is 1 more)');
    expect((await publish('pointers', path, '--allow-lfs-pointers')).code).toBe(0);
  });

  it('is refused with a submodule, packed with it on request, and refused when it is not checked out', async () => {
    await add('super');
    const { path } = await checkout('super');
    git(path, 'submodule', '--quiet', 'add', join(sources.root, 'checkout'), 'module');
    await commitAll(path);
    const refused = await publish('super', path);
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toMatch(/^channelctl: [^\n]*'module' is a submodule: pack it with --submodules\.\n$/);
    expect((await publish('super', path, '--submodules')).code).toBe(0);
    const { facts } = await recordOf('super');
    expect(facts?.rev).toBe(git(path, 'rev-parse', 'HEAD'));
    const modules = `[submodule "module"]\n\tpath = module\n\turl = ${join(sources.root, 'checkout')}\n`;
    const files = { ...tracked, 'result.log': 'untracked', '.gitmodules': modules };
    const below = { 'module/flake.nix': '{ }', 'module/lib/word': 'tracked' };
    expect(facts?.narHash).toBe(await narHashOfFiles('with-module', { ...files, ...below }));

    await writeFile(join(path, 'module/flake.nix'), '{ changed = true; }');
    expect((await publish('super', path, '--submodules')).err).toContain('changes that are not committed');
    git(path, 'submodule', '--quiet', 'deinit', '--force', 'module');
    const empty = await publish('super', path, '--submodules');
    expect(empty.code).toBe(3);
    expect(empty.err).toMatch(
      /'module' is a submodule that is not checked out[^\n]*git submodule update --init --recursive/,
    );
  });
});

interface Place {
  readonly path: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const withoutGit = { PATH: '/nowhere' };

/** A `git` that takes every checkout for somebody else's, as git's own tests have it. */
async function distrustingGit(): Promise<string> {
  const programs = await directory('programs', {
    git: `#!/bin/sh\nPATH='${process.env.PATH}' GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"\n`,
  });
  await chmod(join(programs, 'git'), 0o755);
  return programs;
}

const unanswered: readonly [what: string, says: string, make: (name: string) => Promise<Place>][] = [
  [
    'a checkout on a machine without git',
    'the program git cannot be run (ENOENT)',
    async (name) => ({ path: (await checkout(name)).path, environment: withoutGit }),
  ],
  [
    'a subdirectory of a checkout, without git',
    'the program git cannot be run',
    async (name) => ({ path: join((await checkout(name)).path, 'lib'), environment: withoutGit }),
  ],
  [
    'a symlink to a checkout, without git',
    'the program git cannot be run',
    async (name) => {
      const path = join(sources.root, `${name}-link`);
      await symlink((await checkout(name)).path, path);
      return { path, environment: withoutGit };
    },
  ],
  [
    'a checkout of another user',
    'git config --global --add safe.directory',
    async (name) => ({ path: (await checkout(name)).path, environment: { PATH: await distrustingGit() } }),
  ],
  [
    'a worktree whose repository is away',
    'not a git repository',
    async (name) => {
      const { path } = await checkout(name);
      const tree = join(sources.root, `${name}-tree`);
      git(path, 'worktree', 'add', '-q', '--detach', tree);
      await rename(path, join(sources.root, `${name}-away`));
      return { path: tree };
    },
  ],
  [
    'a checkout with a broken .git file',
    'invalid gitfile format',
    async (name) => ({ path: await directory(name, { '.git': 'broken', secret: 'secret' }) }),
  ],
  [
    'a checkout with an empty .git',
    'not a git repository',
    async (name) => {
      const path = await directory(name, { secret: 'secret' });
      await mkdir(join(path, '.git'));
      return { path };
    },
  ],
  [
    'a checkout of a format that git does not know',
    'repo version',
    async (name) => {
      const { path } = await checkout(name);
      git(path, 'config', 'core.repositoryFormatVersion', '99');
      return { path };
    },
  ],
  [
    'a checkout with a broken configuration',
    'bad config',
    async (name) => {
      const { path } = await checkout(name);
      await writeFile(join(path, '.git/config'), '[core');
      return { path };
    },
  ],
  [
    'a checkout whose working tree is elsewhere',
    'git says that the checkout is at',
    async (name) => {
      const { path } = await checkout(name);
      git(path, 'config', 'core.worktree', join(sources.root, 'checkout'));
      return { path };
    },
  ],
  [
    'a directory that the checkout above it ignores',
    'git tracks no file in',
    async (name) => {
      const { path } = await checkout(name);
      await writeFile(join(path, '.gitignore'), 'out\n');
      await mkdir(join(path, 'out'));
      await writeFile(join(path, 'out/secret'), 'secret');
      return { path: join(path, 'out') };
    },
  ],
  [
    'a checkout with nothing in it that is tracked',
    'git tracks no file in',
    async (name) => {
      const path = await directory(name, { secret: 'secret' });
      git(path, 'init', '-q');
      return { path };
    },
  ],
  [
    'a directory with a checkout in it',
    'is a git checkout: publish it by itself',
    async (name) => {
      const path = await directory(name, { word: 'word' });
      await rename((await checkout(`${name}-inner`)).path, join(path, 'inner'));
      return { path };
    },
  ],
  [
    'a work tree that only the environment names',
    'GIT_DIR is set',
    async (name) => {
      const path = await directory(name, { secret: 'secret' });
      return { path, environment: { GIT_DIR: join(sources.root, 'checkout/.git'), GIT_WORK_TREE: path } };
    },
  ],
  [
    'a bare repository',
    'is a git repository itself, not a checkout',
    async (name) => {
      const path = join(sources.root, `${name}.git`);
      git(sources.root, 'init', '-q', '--bare', path);
      return { path };
    },
  ],
];

const repositoryFiles: readonly [what: string, below: string][] = [
  ['the .git of a checkout', '.git'],
  ['a directory in .git', '.git/hooks'],
];

describe('a git that gives no answer', () => {
  it.each(unanswered)('is no reason to pack %s as a plain directory', async (what, says, make) => {
    const channel = what.replaceAll(/\W+/g, '-');
    await add(channel);
    const before = await system.read(`${channel}.json`);
    const { path, environment = {} } = await make(channel);
    const refused = await system.channelctlIn(environment, 'publish', channel, path);
    expect(refused).toEqual({ code: 3, out: '', err: expect.stringMatching(/^channelctl: [^\n]*\n$/) });
    expect(refused.err).toContain(says);
    expect(await system.read(`${channel}.json`)).toBe(before);
    const meant = await system.channelctlIn(environment, 'publish', channel, path, '--no-git');
    expect(meant).toMatchObject({ code: 0, out: expect.stringMatching(`published: ${channel}-.*-nar-`) });
  });

  it.each(repositoryFiles)('is no reason to pack %s, which is never packed', async (_, below) => {
    await add(`never${below.replaceAll(/\W/g, '-')}x`);
    const { path } = await checkout(`never${below.replaceAll(/\W/g, '-')}`);
    const refused = await publish(`never${below.replaceAll(/\W/g, '-')}x`, join(path, below));
    expect(refused).toMatchObject({ code: 3, out: '', err: expect.stringContaining('is a git repository itself') });
    const meant = await publish(`never${below.replaceAll(/\W/g, '-')}x`, join(path, below), '--no-git');
    expect(meant).toMatchObject({ code: 3, out: '', err: expect.stringContaining('is inside a .git') });
  });

  it('is not needed with --no-git, which packs every file but .git, and where there is no .git', async () => {
    const { path } = await checkout('every-file');
    await mkdir(join(path, 'lib/.GIT'));
    await writeFile(join(path, 'lib/.GIT/config'), 'secret');
    await add('every-file');
    expect((await publish('every-file', path, '--no-git')).code).toBe(0);
    const files = await narHashOfFiles('files', { ...tracked, 'result.log': 'untracked' });
    expect(await narHashOf('every-file')).toBe(files);
    await add('without');
    const command = launchPublish(system, 'without', join(sources.root, 'files'), withoutGit);
    expect([await command.ended, await narHashOf('without')]).toEqual([0, files]);
  });
});

for (const { name, directory: nixDirectory } of nixClients)
  describe(`the git fetcher of Nix from ${name}`, () => {
    it.each([
      ['a checkout', [], ''],
      ['a checkout with a submodule', ['--submodules'], '?submodules=1'],
    ])('sees the same narHash in %s', async (_, flags, query) => {
      const client = await nixClient(nixDirectory);
      try {
        const channel = `${name}${flags.length}`;
        await add(channel);
        const { path } = await checkout(channel);
        await writeFile(join(path, '.gitattributes'), 'lib export-ignore\nflake.nix export-subst\ndos eol=crlf\n');
        await writeFile(join(path, 'flake.nix'), '# $Format:%H$\n');
        await writeFile(join(path, 'dos'), 'line\r\n');
        await writeFile(join(path, 'run'), '#!/bin/sh\n', { mode: 0o755 });
        await symlink('run', join(path, 'also'));
        if (flags.length > 0)
          git(path, 'submodule', '--quiet', 'add', (await checkout(`${channel}-module`)).path, 'module');
        await commitAll(path);
        await writeFile(join(path, 'new'), 'untracked');
        await writeFile(join(client.home, '.gitconfig'), '[protocol "file"]\n\tallow = always\n');
        const found = await client.nix('nix', 'flake', 'prefetch', '--json', `git+file://${path}${query}`);
        expect(found).toMatchObject({ code: 0 });
        expect((await publish(channel, path, ...flags)).code).toBe(0);
        expect(await narHashOf(channel)).toBe(JSON.parse(found.out).hash);
      } finally {
        await client.close();
      }
    });
  });
