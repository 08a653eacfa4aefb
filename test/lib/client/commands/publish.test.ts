import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Send } from '../../../../lib/client/api/http.ts';
import { runProgram } from '../../../../lib/client/program.ts';
import { immutableLink } from '../../../../lib/domain/urls.ts';
import { apiSend } from '../../../support/api-send.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { sha256 } from '../../../support/memory-bucket.ts';
import { directory as directoryEntry, file, tar } from '../../../support/nar/tar-blocks.ts';
import { publishRig } from '../../../support/publish-rig.ts';
import { tarball } from '../../../support/tarball.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const spool = join(directory.path, 'spool');
mkdirSync(spool);

const environment = { CHANNELCTL_URL: 'https://api.test', TMPDIR: spool, XDG_STATE_HOME: directory.path };
const [rev, otherRev] = ['0a'.repeat(20), '0b'.repeat(20)];
const source = 'https://source.test/channel/demo.tar.xz';
const time = 1_747_267_200;

/** An archive whose `.git-revision` names a commit. */
const archiveOf = (commit: string): Buffer =>
  tar(
    directoryEntry('source/', { mtime: time }),
    file('source/.git-revision', commit, { mtime: time }),
    file('source/flake.nix', '{ }', { mtime: time }),
  );

interface Source {
  readonly bytes?: Buffer;
  /** Of the Link; none otherwise. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The command with the channels `demo` and `stable`, and a service elsewhere that has one file. */
async function rigWith({ bytes = tarball('word', time), facts }: Source = {}, stdin?: string) {
  const rig = publishRig();
  await rig.add('demo');
  await rig.add('stable');
  const { send: usual } = apiSend(rig);
  let asked = 0;
  const send: Send = async (exchange) => {
    if (exchange.url.hostname !== 'source.test') return usual(exchange);
    asked += 1;
    const link = facts && immutableLink('https://source.test', 'demo-1.tar.xz', facts);
    const rawHeaders = link === undefined ? [] : ['Link', link];
    if (exchange.url.href === source && link !== undefined)
      return { status: 307, headers: { location: '/permanent/demo-1.tar.xz' }, rawHeaders, body: '' };
    exchange.onBody?.(bytes, { status: 200 });
    return { status: 200, body: '' };
  };
  const { run } = commandRig({ environment, send, ...(stdin === undefined ? {} : { stdin }) }, rig);
  const publish = async (...args: string[]) => {
    const result = await run('publish', 'demo', ...args);
    expect(readdirSync(spool)).toEqual([]);
    return result;
  };
  return { rig, run, publish, asked: () => asked };
}

/** What Nix finds in the archive of the rig. */
async function narHashOf(bytes: Buffer): Promise<string> {
  const { publish } = await rigWith({ bytes });
  return JSON.parse((await publish(source, '--json')).out).narHash;
}

describe('channelctl publish CHANNEL URL', () => {
  it('records the facts of the Link, and names the release after the channel, the date and the rev', async () => {
    const bytes = tarball('word', time);
    const facts = { rev, revCount: 7, lastModified: time + 86_400, narHash: await narHashOf(bytes) };
    const { rig, publish } = await rigWith({ bytes, facts });
    const { code, out, err } = await publish(source, '--json');
    expect([code, err]).toEqual([0, expect.stringMatching(/^hashing 2\.5 KiB\n/)]);
    const release = `demo-2025-05-16-${rev.slice(0, 7)}`;
    expect(JSON.parse(out)).toMatchObject({
      release,
      fresh: true,
      ...facts,
      sha256: sha256(bytes),
      size: bytes.length,
    });
    expect(rig.bucket.json('demo.json')).toMatchObject({ latest: release, facts: { ...facts, sha256: sha256(bytes) } });
    expect(rig.bucket.objects.get(`${release}.tar.xz`)?.size).toBe(bytes.length);
  });

  it('finds by itself what no Link says, and has null for the rest', async () => {
    const { publish } = await rigWith();
    expect(JSON.parse((await publish(source, '--json')).out)).toMatchObject({
      release: expect.stringMatching(/^demo-2025-05-15-nar-[0-9a-f]{7}$/),
      rev: null,
      revCount: null,
      lastModified: time,
      narHash: expect.stringMatching(/^sha256-/),
    });
  });

  it('takes the name and the facts that are given before those of the Link', async () => {
    const { rig, publish } = await rigWith({ facts: { revCount: 7, lastModified: time + 1 } });
    const flags = ['--name', 'demo-mine', '--rev', rev, '--rev-count', '8', '--last-modified', String(time)];
    expect((await publish(source, ...flags)).code).toBe(0);
    expect(rig.bucket.json('demo.json')).toMatchObject({
      latest: 'demo-mine',
      facts: { rev, revCount: 8, lastModified: time },
    });
  });

  it('moves nothing where it finds the same narHash again, whatever else is new', async () => {
    const bytes = tarball('word', time);
    const { rig, publish } = await rigWith({ bytes });
    expect((await publish(source)).code).toBe(0);
    const before = rig.bucket.objects.get('demo.json')?.text;
    const release = rig.bucket.json('demo.json').latest;
    for (const flags of [[], ['--name', 'demo-other'], ['--rev', rev]]) {
      const { code, out } = await publish(source, ...flags);
      expect([code, out.split('\n')[0]]).toEqual([
        0,
        `already published: ${release} (nothing changed: demo already points to it)`,
      ]);
    }
    expect(rig.bucket.objects.get('demo.json')?.text).toBe(before);
    expect(JSON.parse((await publish(source, '--json')).out)).toMatchObject({ fresh: false, size: bytes.length });
  });

  it('does not even download it where the Link tells its narHash', async () => {
    const bytes = tarball('word', time);
    const { publish, asked } = await rigWith({ bytes, facts: { narHash: await narHashOf(bytes), lastModified: time } });
    const first = JSON.parse((await publish(source, '--json')).out);
    expect(asked()).toBe(2);
    const { code, out, err } = await publish(source, '--json');
    expect([code, err, asked()]).toEqual([0, '', 3]);
    expect(JSON.parse(out)).toMatchObject({
      status: 'published',
      release: first.release,
      fresh: false,
      latest: true,
      narHash: first.narHash,
      sha256: sha256(bytes),
      size: null,
    });
  });

  const wrong = `sha256-${'A'.repeat(43)}=`;

  it.each<[string, Source, string[], RegExp]>([
    [
      'the archive, another rev than the Link',
      { bytes: archiveOf(otherRev), facts: { rev } },
      [],
      new RegExp(`rev is ${rev} by the Link, but ${otherRev} by the archive`),
    ],
    [
      'the archive, another rev than the options',
      { bytes: archiveOf(otherRev) },
      ['--rev', rev],
      new RegExp(`rev is ${rev} by the options, but ${otherRev} by the archive`),
    ],
    [
      'the Link, another rev than the options',
      { facts: { rev: otherRev } },
      ['--rev', rev],
      new RegExp(`rev is ${rev} by the options, but ${otherRev} by the Link`),
    ],
    [
      'the Link, another narHash than the archive has',
      { facts: { narHash: wrong } },
      [],
      new RegExp(`narHash is ${wrong} by the Link, but sha256-\\S+ by the archive`),
    ],
    [
      'the options, another narHash than the archive has',
      {},
      ['--nar-hash', wrong],
      /demo\.tar\.xz has the narHash sha256-\S+, not/,
    ],
  ])('refuses what disagrees: %s', async (_, what, flags, message) => {
    const { rig, publish } = await rigWith(what);
    const { code, out, err } = await publish(source, ...flags);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(message);
    expect(err).toContain('https://source.test/channel/demo.tar.xz');
    expect(rig.bucket.json('demo.json').latest).toBeNull();
  });

  it('refuses another rev than that of the Link before it downloads, also where the narHash is known', async () => {
    const bytes = tarball('word', time);
    const { publish, asked } = await rigWith({ bytes, facts: { rev, narHash: await narHashOf(bytes) } });
    expect((await publish(source)).code).toBe(0);
    const before = asked();
    expect(await publish(source, '--rev', otherRev)).toMatchObject({
      code: 3,
      err: expect.stringContaining('by the Link'),
    });
    expect(asked()).toBe(before + 1);
  });

  it('refuses an archive to which the Link gives another extension than the channel has', async () => {
    const { rig, run } = await rigWith({ facts: { rev } });
    await rig.add('other', { fileExtension: '.tar.gz' });
    const refused = await run('publish', 'other', source);
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('"demo-1.tar.xz" does not') });
  });

  it('publishes where everybody agrees on the rev', async () => {
    const { publish } = await rigWith({ bytes: archiveOf(rev), facts: { rev: rev.toUpperCase() } });
    expect((await publish(source, '--rev', rev)).code).toBe(0);
  });

  it.each([
    [
      'an archive with another extension',
      ['https://source.test/x/nixexprs.tar.gz'],
      'takes files that end in ".tar.xz"',
    ],
    ['plain http', ['http://source.test/a.tar.xz'], 'http://source.test/a.tar.xz is not https'],
    ['another protocol', ['s3://bucket/a.tar.xz'], 'is not https'],
    ['a private address', ['https://192.168.1.1/a.tar.xz'], 'pass --allow-private'],
    ['--no-look', [source, '--no-look'], '--no-look is only for a local file'],
    ['--version-files', [source, '--version-files'], '--version-files is only for a directory'],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await (await rigWith()).publish(...args);
    expect([code, out, err]).toEqual([3, '', expect.stringContaining(message)]);
  });

  it('publishes a plain file under the hash of its bytes, once', async () => {
    const bytes = Buffer.from('a disk image');
    const { rig, run } = await rigWith({ bytes });
    await rig.add('image', { fileExtension: '.iso' });
    const publish = () => run('publish', 'image', 'https://source.test/latest.iso', '--json');
    const release = `image-sha256-${sha256(bytes).slice(0, 12)}`;
    expect(JSON.parse((await publish()).out)).toMatchObject({
      release,
      fresh: true,
      narHash: null,
      lastModified: null,
    });
    expect(JSON.parse((await publish()).out)).toMatchObject({ release, fresh: false });
  });

  it('only looks with --dry-run', async () => {
    const { rig, publish } = await rigWith();
    const { code, out } = await publish(source, '--dry-run', '--also', 'stable', '--name', 'demo-1');
    expect([code, out]).toEqual([
      0,
      'dry run, nothing was changed: demo-1 would be uploaded and become the latest of demo\nIt would then be promoted to stable.\n',
    ]);
    expect(rig.bucket.json('demo.json').latest).toBeNull();
  });
});

describe('channelctl publish CHANNEL -', () => {
  // Of ASCII characters, so that it can be a string.
  const bytes = tarball('word', time);

  it.each([[['-']], [[]]])('reads standard input for the path %j', async (path) => {
    const { rig, publish } = await rigWith({}, bytes.toString('latin1'));
    const { code, out } = await publish(...path, '--name', 'demo-7', '--rev', rev, '--json');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { release: 'demo-7', rev, revCount: null, lastModified: time, sha256: sha256(bytes), size: bytes.length },
    ]);
    expect(rig.bucket.json('demo.json').latest).toBe('demo-7');
  });

  it.each([
    ['without a name', bytes.toString('latin1'), [], 3, 'give the name of the release with --name'],
    ['when it is empty', '', ['--name', 'demo-7'], 3, 'Standard input is empty'],
    ['when it is no archive', 'word', ['--name', 'demo-7'], 3, 'The archive'],
    ['with a name that is none', 'word', ['--name', 'a/b'], 3, 'must contain only'],
  ])('refuses it %s', async (_, stdin, flags, code, message) => {
    const { publish } = await rigWith({}, stdin);
    expect(await publish('-', ...flags)).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
  });
});

describe('channelctl publish --also', () => {
  const path = directory.file('demo-1.tar.xz', tarball('word', time));

  it('promotes the release to further channels in the same run', async () => {
    const { rig, publish } = await rigWith();
    await rig.add('other');
    const { code, out } = await publish(path, '--also', 'stable', '--also', 'other');
    expect([code, out]).toEqual([0, expect.stringMatching(/\nstable: promoted: stable now points to demo-1\n/)]);
    for (const channel of ['demo', 'stable', 'other']) expect(rig.bucket.json(`${channel}.json`).latest).toBe('demo-1');
  });

  it('completes what an earlier run did not, and undoes no rollback', async () => {
    const { rig, run, publish } = await rigWith();
    await publish(path);
    expect((await publish(path, '--also', 'stable', '--json')).out).toContain('"also":[{"channel":"stable"');
    await publish(directory.file('demo-2.tar.xz', tarball('next', time + 1)), '--also', 'stable');
    await run('rollback', 'stable');
    const again = await publish(join(directory.path, 'demo-2.tar.xz'), '--also', 'stable');
    expect([again.code, rig.bucket.json('stable.json').latest]).toEqual([0, 'demo-1']);
  });

  it('does not promote what a late repeat finds is not the latest', async () => {
    const { rig, publish } = await rigWith();
    await publish(path);
    await publish(directory.file('demo-2.tar.xz', tarball('next', time + 1)));
    const late = await publish(path, '--also', 'stable');
    expect(late).toMatchObject({ code: 0, out: expect.stringContaining('It was not promoted to stable') });
    expect(rig.bucket.json('stable.json').latest).toBeNull();
  });

  it('says what was done and what to run where a promotion fails', async () => {
    const { rig, publish } = await rigWith();
    const { code, out, err } = await publish(path, '--also', 'nope', '--also', 'stable', '--json');
    expect([code, JSON.parse(out).error]).toMatchObject([6, { code: 'not-found', field: 'also' }]);
    expect(err).toMatch(
      /\nchannelctl: demo-1 was published to demo and promoted to stable\. It was not promoted to nope: [^\n]+ Then run: channelctl promote demo nope --release demo-1\n$/,
    );
    expect(rig.bucket.json('stable.json').latest).toBe('demo-1');
  });

  it.each([
    ['the channel itself', 'demo', '--also demo names the channel that is published to'],
    ['a name that is none', 'a/b', 'must contain only'],
  ])('refuses %s before anything is published', async (_, also, message) => {
    const { rig, publish } = await rigWith();
    expect(await publish(path, '--also', also)).toMatchObject({ code: 3, err: expect.stringContaining(message) });
    expect(rig.bucket.json('demo.json').latest).toBeNull();
  });
});

it('says what publish takes where a person types and gives no path', async () => {
  const stdin = Object.assign((async function* () {})(), { isTTY: true });
  const said: string[] = [];
  const never = () => Promise.reject(new Error('nobody is asked'));
  const options = { environment, terminal: true, stdin, now: Date.now, operation: () => '', out: () => {} };
  const err = (text: string) => void said.push(text);
  expect(await runProgram({ ...options, err, credentials: never, send: never, sleep: never }, ['publish', 'a'])).toBe(
    2,
  );
  expect(said).toEqual([
    'channelctl: There is nothing to publish: give a path, a URL, or pipe a file into the command.\n',
  ]);
});
