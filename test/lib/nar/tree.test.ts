import { afterAll, describe, expect, it } from '@jest/globals';
import { referenceNarHash, type Tree } from '../../support/nar/reference-nar.ts';
import { directory, file, hardlink, header, pax, symlink, tar, top } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const deep = (levels: number) => `top/${Array(levels).fill('d').join('/')}`;

describe('TreeBuilder', () => {
  it.each<[string, readonly Buffer[], Tree]>([
    ['loses one single top directory, once', [file('a/b/c'), file('a/b/d')], { b: { c: 'x\n', d: 'x\n' } }],
    ['keeps several at the top', [file('a/b'), file('c/d')], { a: { b: 'x\n' }, c: { d: 'x\n' } }],
    ['may have a root of its own', [directory('./'), file('./a'), file('./b')], { a: 'x\n', b: 'x\n' }],
    ['ignores ./ and //', [file('./top//./a'), file('top/b')], { a: 'x\n', b: 'x\n' }],
    ['keeps the last of two files', [...top, file('top/a', 'new', { mode: 0o755 })], { a: ['executable', 'new'] }],
    ['keeps what is in a directory that comes again', [...top, directory('top/')], { a: 'x\n' }],
    [
      'sorts by bytes',
      [...top, file('top/a.b'), file('top/a-/b'), file('top/\xff'), file('top/Z')],
      { a: 'x\n', 'a.b': 'x\n', 'a-': { b: 'x\n' }, '\xff': 'x\n', Z: 'x\n' },
    ],
    ['may be 50 directories deep', [...top, pax({ path: deep(50) }), file('x')], nested(49)],
    [
      'takes names of 255 bytes',
      [...top, pax({ path: `top/${'n'.repeat(255)}` }), file('x')],
      { a: 'x\n', ['n'.repeat(255)]: 'x\n' },
    ],
    [
      'takes names that only look like .git',
      [...top, file('top/.gitmodules'), file('top/git~2'), file('top/.git~1')],
      { a: 'x\n', '.gitmodules': 'x\n', 'git~2': 'x\n', '.git~1': 'x\n' },
    ],
  ])('builds the tree of %s', async (_, blocks, tree) => {
    expect((await temporary.inspect(tar(...blocks))).narHash).toBe(referenceNarHash(tree));
  });

  it.each<[string, readonly Buffer[], number]>([
    ['a single directory', top, 1],
    ['a single directory below ./', [directory('./'), file('./top/a'), file('./top/b')], 1],
    ['several entries', [...top, file('flake.nix'), symlink('s', 'top')], 3],
  ])('counts the top-level entries of %s', async (_, blocks, topLevelEntries) => {
    expect(await temporary.inspect(tar(...blocks))).toMatchObject({ topLevelEntries });
  });

  it.each<[string, readonly Buffer[], RegExp]>([
    [
      'an absolute name',
      [...top, file('/top/b')],
      /'\/top\/b' has an absolute name, which some versions of Nix follow/,
    ],
    ['an absolute name of two slashes', [...top, file('//top/b')], /has an absolute name/],
    ['an absolute name in pax', [...top, pax({ path: '/top/b' }), file('top/b')], /'\/top\/b' has an absolute name/],
    ['an entry /', [directory('/'), file('top/a')], /'\/' has an absolute name/],
    [
      'a hard link to an absolute name',
      [...top, hardlink('top/h', '/top/a')],
      /'top\/h' is a hard link to an absolute name/,
    ],
    [
      'a hard link to an absolute name in pax',
      [...top, pax({ linkpath: '/top/a' }), hardlink('top/h', 'top/a')],
      /'top\/h' is a hard link to an absolute name/,
    ],
    ['.. in a name', [file('top/../b')], /has `\.\.` in its name/],
    ['.. in the target of a hard link', [hardlink('top/h', 'top/../top/a')], /has `\.\.` in its name/],
    ['a name over 255 bytes', [pax({ path: `top/${'n'.repeat(256)}` }), file('x')], /has a name over 255 bytes/],
    [
      'a path over 4095 bytes',
      [pax({ path: `top${`/${'n'.repeat(200)}`.repeat(21)}` }), file('x')],
      /has a name over 4095 bytes/,
    ],
    ['more than 50 directories', [pax({ path: deep(51) }), file('x')], /more than 50 directories deep/],
    [
      'more than 50 directories where none is stripped',
      [file('other'), pax({ path: deep(50) }), file('x')],
      /more than 50 directories deep/,
    ],
    ['far more than 50 directories', [pax({ path: deep(500) }), file('x')], /more than 50 directories deep/],
    [
      'a file that was a directory',
      [directory('top/d/'), file('top/d')],
      /'top\/d' appears twice, as directory and as file/,
    ],
    ['a directory that was a file', [directory('top/a/')], /appears twice, as file and as directory/],
    ['a symlink that was a file', [symlink('top/a', 'b')], /appears twice, as file and as symlink/],
    ['a symlink twice', [symlink('top/s', 'a'), symlink('top/s', 'b')], /appears twice/],
    ['an entry below a file', [file('top/a/b')], /lies below a file/],
    ['an entry below a symlink', [symlink('top/s', '.'), file('top/s/b')], /lies below a symlink/],
    [
      'a hard link before its target',
      [hardlink('top/h', 'top/later'), file('top/later')],
      /not in the archive before it/,
    ],
    ['a hard link to a directory', [directory('top/d/'), hardlink('top/h', 'top/d')], /is a hard link to a directory/],
    ['a hard link over a file', [file('top/b'), hardlink('top/b', 'top/a')], /appears twice and is a hard link/],
    [
      'a new file where a hard link leads',
      [hardlink('top/h', 'top/a'), file('top/a', 'new')],
      /appears twice and is a hard link or the target/,
    ],
    ['a hard link as the root', [hardlink('.', 'top/a')], /is a hardlink where the root of the tree should be/],
    ['a symlink as the root', [symlink('.', 'a')], /is a symlink where the root of the tree should be/],
  ])('refuses a tree with %s', async (_, blocks, reason) => {
    await expect(temporary.inspect(tar(...top, ...blocks))).rejects.toThrow(reason);
  });

  it.each(['.git', '.GIT', '.git ', '.git.. .', '.git:x', '.git\\x', 'git~1', 'GIT~1.', '.g\u200cit', '.git\ufeff'])(
    'is refused with the name %j, which is .git somewhere',
    async (name) => {
      const bytes = Buffer.from(`top/${name}`).toString('latin1');
      await expect(temporary.inspect(tar(...top, file(bytes)))).rejects.toThrow(/is named \.git to Nix/);
      await expect(temporary.inspect(tar(...top, file(`${bytes}/x`)))).rejects.toThrow(/is named \.git to Nix/);
    },
  );

  it.each<[string, readonly Buffer[], RegExp]>([
    ['nothing', [], /is empty/],
    ['a root and nothing else', [directory('./')], /is empty/],
    ['one file', [file('a')], /'a' is a single file/],
    ['one symlink', [symlink('a', 'b')], /'a' is a single symlink/],
  ])('refuses an archive with %s', async (_, blocks, reason) => {
    await expect(temporary.inspect(tar(...blocks))).rejects.toThrow(reason);
  });

  it('refuses a tree beyond the limits', async () => {
    const four = [...top, file('top/b', 'y'.repeat(1000)), hardlink('top/c', 'top/b')];
    const inspect = (limits: object) => temporary.inspect(tar(...four), { limits });
    await expect(inspect({ maxEntries: 4, maxNameBytes: 19 })).resolves.toBeDefined();
    await expect(inspect({ maxEntries: 3 })).rejects.toThrow(/has more than 3 entries/);
    await expect(inspect({ maxNameBytes: 18 })).rejects.toThrow(/over 18 B of names/);
    await expect(temporary.inspect(tar(...top, file('top/p/q/r')), { limits: { maxEntries: 4 } })).rejects.toThrow(
      /4 entries/,
    );
  });

  it('counts a hard link as the copy that it becomes', async () => {
    const content = file('top/b', 'y'.repeat(100_000));
    const links = Array.from({ length: 20 }, (_, at) => hardlink(`top/l${at}`, 'top/b'));
    await expect(
      temporary.inspect(tar(...top, content, ...links), { limits: { maxUnpacked: 2_000_000 } }),
    ).rejects.toThrow(/'top\/l18' makes the files grow to more than 1.9 MiB/);
  });
});

describe('the entry in a refusal', () => {
  it('has its control characters escaped', async () => {
    const name = `top/\x1b[31m${Buffer.from('ü\u202e').toString('latin1')}\xff\n`;
    await expect(temporary.inspect(tar(...top, header(name, { type: '6' })))).rejects.toThrow(
      "'top/\\x1b[31m\\xc3\\xbc\\xe2\\x80\\xae\\xff\\x0a' is a fifo, which Nix refuses.",
    );
    const utf8 = Buffer.from('top/ü\u202e\\').toString('latin1');
    await expect(temporary.inspect(tar(...top, header(utf8, { type: '6' })))).rejects.toMatchObject({
      entry: 'top/ü\\u{202e}\\\\',
      reason: 'is a fifo, which Nix refuses',
    });
  });
});

function nested(levels: number): Tree {
  let tree: Tree = { d: 'x\n' };
  for (let level = 0; level < levels; level++) tree = { d: tree };
  return { a: 'x\n', ...tree };
}
