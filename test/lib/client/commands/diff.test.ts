import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { ReadableRelease } from '../../../../lib/api/reading.ts';
import type { ExchangeResult, Send } from '../../../../lib/client/api/http.ts';
import { compareUrlOf } from '../../../../lib/client/diff/compare-releases.ts';
import { file, directory as folder, symlink, tar } from '../../../support/nar/tar-blocks.ts';
import { runCommand } from '../../../support/run-command.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const base = 'https://nix.test';
const revs = { 'demo-1': '0a'.repeat(20), 'demo-2': '0b'.repeat(20) };
const lock = (rev: string, lastModified: number): string =>
  JSON.stringify({
    nodes: {
      root: { inputs: { nixpkgs: 'nixpkgs' } },
      nixpkgs: { locked: { type: 'github', owner: 'NixOS', repo: 'nixpkgs', rev, lastModified } },
    },
    root: 'root',
    version: 7,
  });

const archives: Readonly<Record<string, Buffer>> = {
  'demo-1': tar(
    folder('demo-1/'),
    file('demo-1/flake.lock', lock('c'.repeat(40), 1_700_000_000)),
    file('demo-1/a', 'same size 1'),
    file('demo-1/run', '#!'),
    symlink('demo-1/link', 'a'),
    file('demo-1/gone', 'x'.repeat(2_048)),
  ),
  'demo-2': tar(
    folder('demo-2/'),
    file('demo-2/flake.lock', lock('d'.repeat(40), 1_710_000_000)),
    file('demo-2/a', 'same size 2'),
    file('demo-2/run', '#!', { mode: 0o755 }),
    symlink('demo-2/link', 'run'),
    file('demo-2/fresh\x1b[31m', 'y'.repeat(4_096)),
  ),
  'demo-3': tar(folder('other/'), file('other/a', 'a')),
};

interface Service {
  /** Newest first. */
  readonly releases: readonly ReadableRelease[];
  readonly extension?: string;
  readonly permanent?: ExchangeResult;
  readonly bucket?: (name: string) => Buffer | undefined;
  readonly link?: string;
}

const plain = (...names: readonly string[]) =>
  names.map((release) => ({ release, url: `${base}/permanent/${release}` }));

/** The command against a service with these releases, and the requests that it made. */
async function diff(
  { releases, extension = '.tar', permanent, bucket = (name) => archives[name], link }: Service,
  ...args: readonly string[]
) {
  const requests: string[] = [];
  const send: Send = async ({ method, url, headers, onBody }) => {
    const { authorization } = headers;
    requests.push(`${method} ${url.host}${url.pathname}${authorization === undefined ? '' : ` ${authorization}`}`);
    if (url.hostname === 'bucket.test') {
      const bytes = bucket(url.pathname.slice(1, -extension.length));
      if (bytes === undefined) return { status: 404, body: '' };
      const head = { status: 200, headers: { 'content-length': String(bytes.length) } };
      onBody?.(bytes, head);
      return { ...head, body: '' };
    }
    const release = /^\/permanent\/(.+)$/.exec(url.pathname)?.[1];
    if (release !== undefined && method === 'HEAD')
      return { status: 200, body: '', rawHeaders: link === undefined ? [] : ['Link', link] };
    if (release !== undefined)
      return permanent ?? { status: 307, body: '', headers: { location: `https://bucket.test/${release}` } };
    const [latest = null] = releases;
    const document = { channel: 'demo', state: 'served', extension, latest, releases, history: [] };
    return { status: 200, body: JSON.stringify(document), headers: { 'content-type': 'application/json' } };
  };
  const netrc = directory.file('netrc.tar', 'machine nix.test login a password b\n');
  const environment = { CHANNELCTL_URL: base, TMPDIR: directory.path };
  const run = await runCommand({ environment, send, sleep: async () => {} }, 'diff', 'demo', ...args, '--netrc', netrc);
  expect(readdirSync(directory.path)).toEqual(['netrc.tar']);
  return { ...run, requests };
}

const two: Service = {
  releases: [
    { release: 'demo-2', rev: revs['demo-2'], revCount: 17, revUrl: `https://github.com/o/r/commit/${revs['demo-2']}` },
    { release: 'demo-1', rev: revs['demo-1'], revCount: 10 },
  ],
};

describe('diff', () => {
  it('says what changed in the rev, the flake inputs and the files of the two newest releases', async () => {
    const { code, out, err } = await diff(two);
    expect(code).toBe(0);
    const lines = out.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  '));
    expect(lines).toEqual([
      'channel  demo',
      'from  demo-1',
      'to  demo-2',
      `rev  ${revs['demo-1']}..${revs['demo-2']}`,
      'commits  7 more by revCount',
      `compare  https://github.com/o/r/compare/${revs['demo-1']}...${revs['demo-2']}`,
      'last modified  2023-11-14T22:13:20.000Z (the same)',
      'archive  7.5 KiB -> 9.5 KiB',
      'unpacked  2.2 KiB -> 4.2 KiB',
      expect.stringMatching(/^narHash {2}sha256-\S+ -> sha256-\S+$/),
      '',
      'Flake inputs:',
      'changed  nixpkgs  github:NixOS/nixpkgs  cccccccccccc (2023-11-14) -> dddddddddddd (2024-03-09)',
      '',
      'Files: 1 added (4 KiB), 1 removed (2 KiB), 4 changed (237 B -> 237 B)',
      'added  4 KiB  fresh\\x1b[31m',
      'removed  2 KiB  gone',
      `changed  ${lock('c'.repeat(40), 1_700_000_000).length} B  flake.lock`,
      'changed  11 B  a',
      'changed  2 B  run  (executable)',
      'changed  symlink  link  (target)',
      '',
    ]);
    expect(err.split('\n')).toEqual([
      'downloading demo-1 7.5 KiB',
      'reading demo-1 7.5 KiB',
      'downloading demo-2 9.5 KiB',
      'reading demo-2 9.5 KiB',
      '',
    ]);
  });

  it('lists as many files as it is told, the largest first, and counts the others', async () => {
    const { out } = await diff(two, '--limit', '2');
    expect(out).toMatch(/\nremoved +2 KiB +gone\n\(4 more: --all\)\n$/);
    expect((await diff(two, '--limit', '2', '--all')).out).not.toContain('more: --all');
    const json = JSON.parse((await diff(two, '--json', '--limit', '1')).out);
    expect(json).toMatchObject({
      channel: 'demo',
      from: { release: 'demo-1', rev: revs['demo-1'], size: archives['demo-1']?.length, unpackedSize: 2_285 },
      to: { release: 'demo-2', revCount: 17, narHash: expect.stringMatching(/^sha256-/) },
      sameTree: false,
      compareUrl: expect.stringContaining('/compare/'),
      inputs: { added: [], removed: [], changed: [{ path: 'nixpkgs' }] },
      files: { added: { count: 1, size: 4_096 }, entries: [{ change: 'added', toSize: 4_096 }] },
    });
    expect(JSON.parse((await diff(two, '--json', '--all')).out).files.entries).toHaveLength(6);
  });

  it('sends the token to the service and not to the bucket, and asks for nothing twice', async () => {
    const { requests } = await diff(two);
    const basic = `Basic ${Buffer.from('a:b').toString('base64')}`;
    expect(requests).toEqual([
      `GET nix.test/channel/demo.json ${basic}`,
      `GET nix.test/permanent/demo-1.tar ${basic}`,
      'GET bucket.test/demo-1.tar',
      `GET nix.test/permanent/demo-2.tar ${basic}`,
      'GET bucket.test/demo-2.tar',
    ]);
  });

  it('downloads nothing where both releases have one narHash, or one tree in archives of their own', async () => {
    const narHash = `sha256-${Buffer.alloc(32).toString('base64')}`;
    const same = await diff({
      releases: [
        { release: 'demo-2', narHash },
        { release: 'demo-1', narHash },
      ],
    });
    expect(same.out).toMatch(/\n\nBoth have the same tree\.\n$/);
    expect(same.requests).toHaveLength(1);
    const renamed = { 'demo-1': tar(folder('x/'), file('x/a')), 'demo-2': tar(folder('y/'), file('y/a')) };
    const { out } = await diff({
      releases: plain('demo-2', 'demo-1'),
      bucket: (name) => renamed[name as keyof typeof renamed],
    });
    expect(out).toMatch(/\n\nBoth have the same tree\.\n$/);
  });

  it('takes the facts of a Link where the JSON has none', async () => {
    const link = `<${base}/permanent/x.tar?rev=${revs['demo-1']}&revCount=3>; rel="immutable"`;
    const { out } = await diff({ releases: plain('demo-2', 'demo-1'), link });
    expect(out).toContain(`${revs['demo-1']} (the same)\ncommits        0 more by revCount\n`);
  });

  it('compares the releases that are named, and says of one that it was withdrawn', async () => {
    const releases = [
      ...plain('demo-3', 'demo-2'),
      { release: 'demo-1', yanked: { reason: 'does not boot', at: '2026-01-02T00:00:00.000Z' } },
    ];
    const named = await diff({ releases }, 'demo-1', 'demo-2');
    expect(named.out).toContain('from           demo-1 (yanked on 2026-01-02: does not boot)\nto             demo-2\n');
    expect((await diff({ releases }, 'demo-2')).out).toMatch(/^from +demo-2\nto +demo-3$/m);
    expect((await diff({ releases }, 'demo-3', 'demo-2')).out).toMatch(/^from +demo-3\nto +demo-2$/m);
  });

  it('passes over what was withdrawn where no release is named', async () => {
    const releases = [
      ...plain('demo-3'),
      {
        release: 'demo-2',
        retired: { reason: 'old', at: '2026-01-03T00:00:00.000Z', until: '2026-02-02T00:00:00.000Z' },
      },
      { release: 'demo-0', yanked: {} },
      ...plain('demo-1'),
    ];
    expect((await diff({ releases })).out).toMatch(/^from +demo-1\nto +demo-3$/m);
    expect(await diff({ releases: releases.slice(0, 3) })).toMatchObject({
      code: 6,
      err: 'channelctl: The channel "demo" has only one release that can be used: there is nothing to compare.\n',
    });
    expect((await diff({ releases: [] })).err).toContain('has no release that can be used');
  });

  const text = { 'content-type': 'text/plain; charset=utf-8' };
  const wrongHash = [{ release: 'demo-2', sha256: '0'.repeat(64) }, ...plain('demo-1')];

  it.each<[string, Service, readonly string[], number, RegExp]>([
    [
      'a release that the channel does not have',
      two,
      ['demo-7'],
      6,
      /has no release "demo-7": channelctl history demo/,
    ],
    ['a name that no release has', two, ['../x'], 3, /The release name "\.\.\/x" must/],
    ['the same release twice', two, ['demo-2'], 3, /Both are "demo-2": name the release to compare with/],
    ['a channel of plain files', { ...two, extension: '.iso' }, [], 3, /are plain files \(\.iso\): only tarballs can/],
    [
      'a channel of zips',
      { ...two, extension: '.zip' },
      [],
      3,
      /are zips, which are not unpacked here \(\.zip\): only/,
    ],
    [
      'a retired release, with what the service says',
      { ...two, permanent: { status: 410, body: 'demo-1 was retired on 2026-01-01: old.', headers: text } },
      [],
      6,
      /^channelctl: demo-1 was retired on 2026-01-01: old\.$/,
    ],
    [
      'a token that is refused',
      { ...two, permanent: { status: 401, body: 'The token was revoked.', headers: text } },
      [],
      5,
      /refuses the token that \S+ has for nix\.test \(401\)\. The token was revoked\. .* channelctl login/,
    ],
    ['bytes that are gone', { ...two, bucket: () => undefined }, [], 6, /https:\/\/bucket\.test\/demo-1\.tar does not/],
    [
      'an archive that Nix refuses',
      { ...two, bucket: () => tar(folder('a/'), file('../b')) },
      [],
      3,
      /demo-1 cannot be compared\. The archive's entry '\.\.\/b' has `\.\.` in its name/,
    ],
    [
      'an archive that is not what the service says',
      { releases: wrongHash },
      [],
      7,
      /demo-2 has the sha256 [0-9a-f]{64}, and the service says 0{64}: do not use it, and tell the operator/,
    ],
    [
      'a lock of a later version',
      { ...two, bucket: (name) => tar(folder('a/'), file('a/flake.lock', '{"version":9}'), file('a/b', name)) },
      [],
      3,
      /The flake\.lock of demo-1 has none of the versions 5, 6 and 7/,
    ],
    [
      'a lock of 5 MiB',
      {
        ...two,
        bucket: (name) => tar(folder('a/'), file('a/flake.lock', ' '.repeat(5 * 1024 ** 2)), file('a/b', name)),
      },
      [],
      3,
      /The flake\.lock of demo-1 cannot be compared: it has more than 4 MiB/,
    ],
    [
      'an archive that unpacks to too much',
      two,
      ['--max-unpacked', '9216'],
      3,
      /bucket\.test\/demo-2\.tar is larger than the 9 KiB .*: raise --max-unpacked/,
    ],
  ])('says what is wrong with %s', async (_, service, args, exit, sentence) => {
    const { code, out, err } = await diff(service, ...args);
    expect([code, out]).toEqual([exit, '']);
    const errors = err.split('\n').filter((line) => line.startsWith('channelctl: '));
    expect(errors).toEqual([expect.stringMatching(sentence)]);
  });

  it('writes only into the directory for temporary files, whatever the service calls its files', async () => {
    const bucket = (name: string) => archives[name.slice(0, 'demo-1'.length)];
    const { code, requests } = await diff({ ...two, bucket, extension: '/../netrc.tar' });
    expect([code, requests.at(-1)]).toEqual([0, 'GET bucket.test/demo-2%2F..%2Fnetrc.tar']);
  });

  it('says that neither has a flake.lock, or which inputs came with one', async () => {
    const bucket = (name: string) =>
      name === 'demo-1' ? archives['demo-3'] : tar(folder('a/'), file('a/flake.lock', lock('d'.repeat(40), 1)));
    expect((await diff({ ...two, bucket })).out).toContain(
      'Flake inputs:\nadded  nixpkgs  github:NixOS/nixpkgs  dddddddddddd (1970-01-01)\n',
    );
    const none = (name: string) => tar(folder('a/'), file('a/b', name));
    expect((await diff({ ...two, bucket: none })).out).toContain('\nNeither has a flake.lock.\n');
  });
});

describe('the page that compares two revs', () => {
  const [from, to] = [
    { release: 'a', rev: revs['demo-1'] },
    { release: 'b', rev: revs['demo-2'] },
  ];
  const of = (revUrl: string, before: object = {}) => compareUrlOf({ ...from, ...before }, { ...to, revUrl });

  it.each([
    ['https://github.com/o/r', 'https://github.com/o/r'],
    ['https://codeberg.org/o/r', 'https://codeberg.org/o/r'],
    ['https://gitlab.test/g/h/r/-', 'https://gitlab.test/g/h/r/-'],
  ])('is below %s', (repository, prefix) => {
    expect(of(`${repository}/commit/${to.rev}`)).toBe(`${prefix}/compare/${from.rev}...${to.rev}`);
  });

  it.each([
    ['sourcehut', `https://git.sr.ht/~u/r/commit/${to.rev}`],
    ['another scheme', `javascript:/commit/${to.rev}`],
    ['another rev', `https://github.com/o/r/commit/${from.rev}`],
    ['another page', `https://github.com/o/r/tree/${to.rev}`],
    ['no URL', `/commit/${to.rev}`],
  ])('is not known of %s', (_, revUrl) => {
    expect(of(revUrl)).toBeUndefined();
  });

  it('is not there without two revs', () => {
    const page = `https://github.com/o/r/commit/${to.rev}`;
    for (const rev of [undefined, to.rev, 'main', '../../x']) expect(of(page, { rev })).toBeUndefined();
  });
});
