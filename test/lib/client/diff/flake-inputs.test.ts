import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareInputs, flakeInputs } from '../../../../lib/client/diff/flake-inputs.ts';

const github = (repo: string, rev: string, more: object = {}) => ({
  type: 'github',
  owner: 'NixOS',
  repo,
  rev,
  narHash: `sha256-${rev}`,
  lastModified: 1_700_000_000,
  ...more,
});

interface Node {
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly locked?: unknown;
  readonly info?: unknown;
}

const lockOf = (nodes: Readonly<Record<string, Node>>, version: unknown = 7): string =>
  JSON.stringify({ nodes, root: 'root', version });
const read = (nodes: Readonly<Record<string, Node>>, version?: unknown) => [
  ...flakeInputs(lockOf(nodes, version), 'demo-1').values(),
];

describe('the inputs of a flake.lock', () => {
  it.each([6, 7])('are read from version %i', (version) => {
    const root = { inputs: { nixpkgs: 'nixpkgs' } };
    expect(read({ root, nixpkgs: { locked: github('nixpkgs', 'a') } }, version)).toEqual([
      {
        path: 'nixpkgs',
        source: 'github:NixOS/nixpkgs',
        rev: 'a',
        narHash: 'sha256-a',
        lastModified: 1_700_000_000,
      },
    ]);
  });

  it('are read from version 5, which has the hash and the time beside what is locked', () => {
    const { narHash, lastModified, ...locked } = github('nixpkgs', 'a');
    const nodes = { root: { inputs: { n: 'nixpkgs' } }, nixpkgs: { locked, info: { narHash, lastModified } } };
    expect(read(nodes, 5)).toEqual(read({ ...nodes, nixpkgs: { locked: github('nixpkgs', 'a') } }, 7));
  });

  it('are named by their path, and those that follow others by what they follow', () => {
    const inputs = read({
      root: { inputs: { home: 'home_2', nixpkgs: 'nixpkgs' } },
      home_2: { inputs: { nixpkgs: ['nixpkgs'], util: 'util' }, locked: github('home', 'h') },
      nixpkgs: { locked: github('nixpkgs', 'a') },
      util: { locked: github('util', 'u') },
    });
    expect(inputs.map(({ path, follows, rev }) => [path, follows ?? rev])).toEqual([
      ['home', 'h'],
      ['nixpkgs', 'a'],
      ['home/nixpkgs', 'nixpkgs'],
      ['home/util', 'u'],
    ]);
  });

  it.each([
    [{ type: 'gitlab', owner: 'g', repo: 'r', host: 'git.test' }, 'gitlab:g/r?host=git.test'],
    [{ type: 'sourcehut', owner: '~u', repo: 'r' }, 'sourcehut:~u/r'],
    [{ type: 'git', url: 'https://git.test/r' }, 'git+https://git.test/r'],
    [{ type: 'git', url: 'ssh://git@git.test/r' }, 'git+ssh://git.test/r'],
    [
      { type: 'tarball', url: 'https://user:secret@nix.test/permanent/a.tar.xz' },
      'https://nix.test/permanent/a.tar.xz',
    ],
    [{ type: 'path', path: './x' }, 'path:./x'],
    [{ type: 'indirect', id: 'nixpkgs' }, 'flake:nixpkgs'],
    [{}, undefined],
  ])('come from where %j says', (locked, source) => {
    expect(read({ root: { inputs: { a: 'a' } }, a: { locked } })[0]?.source).toBe(source);
  });

  it('are none of a flake without inputs', () => {
    expect(read({ root: {} })).toEqual([]);
    expect(read({})).toEqual([]);
  });

  it.each([
    ['no JSON', '{', 'The flake.lock of demo-1 is not JSON.'],
    ['no object', '[]', 'has none of the versions 5, 6 and 7'],
    ['version 4', lockOf({}, 4), 'has none of the versions 5, 6 and 7'],
    ['version 8', lockOf({}, 8), 'has none of the versions 5, 6 and 7'],
    ['a version that is a text', lockOf({}, '7'), 'has none of the versions 5, 6 and 7'],
  ])('are refused where the lock is %s', (_, text, message) => {
    expect(() => flakeInputs(text, 'demo-1')).toThrow(message);
  });

  it('are each read once, in a circle and where many lead to one', () => {
    const layers = Array.from({ length: 40 }, (_, layer): [string, Node] => [
      `l${layer}`,
      { inputs: { a: `l${layer + 1}`, b: `l${layer + 1}`, back: 'root' } },
    ]);
    expect(read({ root: { inputs: { start: 'l0' } }, ...Object.fromEntries(layers) })).toHaveLength(41);
  });

  it('are refused where their paths would fill the memory', () => {
    const long = 'x'.repeat(100_000);
    const nodes = Array.from({ length: 100 }, (_, index): [string, Node] => [
      `n${index}`,
      { inputs: { [long]: `n${index + 1}` } },
    ]);
    expect(() => read({ root: { inputs: { a: 'n0' } }, ...Object.fromEntries(nodes) })).toThrow('too deep');
  });

  it('are read or refused, whatever the lock is', () => {
    const nodes = fc.dictionary(
      fc.constantFrom('root', 'a', 'b', '__proto__'),
      fc.oneof(
        fc.jsonValue(),
        fc.record({
          inputs: fc.dictionary(fc.constantFrom('x', '__proto__'), fc.constantFrom('a', 'b', 'root', ['x'], [1], 7)),
          locked: fc.jsonValue(),
          info: fc.jsonValue(),
        }),
      ),
    );
    fc.assert(
      fc.property(nodes, fc.constantFrom(5, 6, 7), (each, version) => {
        const inputs = flakeInputs(JSON.stringify({ nodes: each, root: 'root', version }), 'demo-1');
        for (const [path, input] of inputs) expect(input.path).toBe(path);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => flakeInputs(text, 'demo-1')).toThrow('The flake.lock of demo-1');
      }),
    );
  });
});

describe('what changed between the inputs of two locks', () => {
  const of = (nodes: Readonly<Record<string, object | readonly string[]>>) => {
    const inputs = Object.fromEntries(
      Object.entries(nodes).map(([name, node]) => [name, Array.isArray(node) ? node : name]),
    );
    const locked = Object.entries(nodes).map(([name, node]) => [name, { locked: node }]);
    return flakeInputs(lockOf({ ...Object.fromEntries(locked), root: { inputs } }), 'demo-1');
  };

  it('is what was added, removed and locked anew', () => {
    const changes = compareInputs(
      of({ gone: github('gone', 'g'), nixpkgs: github('nixpkgs', 'a'), same: github('same', 's') }),
      of({ fresh: github('fresh', 'f'), nixpkgs: github('nixpkgs', 'b'), same: github('same', 's') }),
    );
    expect(changes.added.map(({ path }) => path)).toEqual(['fresh']);
    expect(changes.removed.map(({ path }) => path)).toEqual(['gone']);
    expect(changes.changed).toEqual([
      {
        path: 'nixpkgs',
        from: expect.objectContaining({ rev: 'a', lastModified: 1_700_000_000 }),
        to: expect.objectContaining({ rev: 'b' }),
      },
    ]);
  });

  it.each([
    ['another repository', github('nixpkgs', 'a', { owner: 'me' })],
    ['another tree of the same rev', github('nixpkgs', 'a', { narHash: 'sha256-other' })],
    ['an input that is followed', ['other']],
  ])('is %s', (_, after) => {
    const { changed } = compareInputs(of({ nixpkgs: github('nixpkgs', 'a') }), of({ nixpkgs: after }));
    expect(changed).toHaveLength(1);
  });

  it('is nothing where both are the same, whatever their nodes are called and which version they have', () => {
    const node = { locked: github('nixpkgs', 'a') };
    const one = flakeInputs(lockOf({ root: { inputs: { n: 'nixpkgs' } }, nixpkgs: node }, 6), 'x');
    const other = flakeInputs(lockOf({ root: { inputs: { n: 'nixpkgs_3' } }, nixpkgs_3: node }, 7), 'y');
    expect(compareInputs(one, other)).toEqual({ added: [], removed: [], changed: [] });
  });
});
