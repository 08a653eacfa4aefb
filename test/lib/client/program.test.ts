import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import type { Send } from '../../../lib/client/api/http.ts';
import { exitCodes } from '../../../lib/client/exit-codes.ts';
import { createProgram } from '../../../lib/client/program.ts';
import { Problem } from '../../../lib/domain/problem.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { apiSend, bodyOf } from '../../support/api-send.ts';
import { commandRig as command } from '../../support/command-rig.ts';
import { publishRig } from '../../support/publish-rig.ts';
import { tarball as tarballOf } from '../../support/tarball.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const tarball = directory.file('demo-1.tar.xz', tarballOf('bytes of a tarball'));

const oneLine = /^channelctl: [^\n]+\n$/;

describe('channelctl', () => {
  it('adds, publishes, lists and shows', async () => {
    const { run, rig } = command();
    const added = await run('add', 'demo');
    expect(added).toEqual({
      code: 0,
      err: '',
      out: 'added demo (.tar.xz)\nhttps://channels.test/channel/demo.tar.xz\n',
    });
    const published = await run(
      'publish',
      'demo',
      tarball,
      '--rev',
      '0A'.repeat(20),
      '--rev-count',
      '7',
      '--last-modified',
      '1767225600',
    );
    expect(published.code).toBe(0);
    expect(published.out).toContain('published: demo-1 (the latest of demo)');
    expect(published.out).toContain(
      'inputs.demo = { url = "https://channels.test/channel/demo.tar.xz"; flake = false; };',
    );
    const [hashing, warning, ...rest] = published.err.split('\n');
    expect([hashing, ...rest]).toEqual(['hashing 2.5 KiB', 'uploading 2.5 KiB', '']);
    expect(warning).toMatch(/^warning: There is no flake.nix and no default.nix/);
    expect(rig.bucket.json('demo.json')).toMatchObject({
      latest: 'demo-1',
      facts: { rev: '0a'.repeat(20), revCount: 7 },
    });
    expect((await run('list')).out).toBe('demo  .tar.xz  demo-1\n');
    const shown = (await run('show', 'demo')).out;
    expect(shown).toMatch(/^channel +demo\n/);
    expect(shown).toMatch(/last modified +2026-01-01T00:00:00.000Z\n/);
    expect(shown).toMatch(/publish +demo-1 +by arn:aws:sts/);
  });

  it('says what is there already, and sends nothing of it again', async () => {
    const { run, requests } = command();
    await run('add', 'demo');
    await run('publish', 'demo', tarball);
    requests.length = 0;
    const { code, out } = await run('publish', 'demo', tarball);
    expect([code, out.split('\n')[0]]).toEqual([
      0,
      'already published: demo-1 (nothing changed: demo already points to it)',
    ]);
    expect(requests.some((request) => request.startsWith('PUT'))).toBe(false);
  });

  it.each([
    ['add-channel', ['demo']],
    ['list-channels', []],
  ])('knows the alias %s', async (alias, rest) => {
    expect((await command().run(alias, ...rest)).code).toBe(0);
  });

  it('takes an extension and a name of the release', async () => {
    const { run, rig } = command();
    const iso = directory.file('any.iso', 'image');
    expect((await run('add', 'image', '--file-extension', '.iso')).code).toBe(0);
    expect((await run('publish', 'image', iso, '--name', 'image-7')).code).toBe(0);
    expect(rig.bucket.objects.has('image-7.iso')).toBe(true);
  });

  it('prints one JSON value with --json, wherever it stands', async () => {
    const { run } = command();
    expect(JSON.parse((await run('--json', 'add', 'demo')).out)).toMatchObject({ channel: 'demo', fresh: true });
    expect(JSON.parse((await run('publish', 'demo', tarball, '--json')).out)).toMatchObject({
      status: 'published',
      latest: true,
    });
    expect(JSON.parse((await run('list', '--json')).out)).toMatchObject({ channels: [{ channel: 'demo' }] });
    expect(JSON.parse((await run('show', 'demo', '--json')).out)).toMatchObject({ latest: 'demo-1' });
  });

  it('lists every page', async () => {
    const { run, rig } = command();
    const channels = Array.from({ length: 230 }, (_, index) => `c${index}`);
    rig.bucket.putJson('channels.json', { channels: [...channels, '../x'] });
    for (const channel of channels) rig.bucket.putJson(`${channel}.json`, {});
    const { out } = await run('list');
    expect(out.trimEnd().split('\n')).toHaveLength(231);
    expect(out).toMatch(/^c229 {2,}\.tar\.xz {2}\(no release yet\)$/m);
    expect(out).toMatch(/"\.\.\/x" +! +This is not a channel name/);
  });

  it('says what to do where there is no channel yet', async () => {
    expect((await command().run('list')).out).toBe('There are no channels yet: channelctl add CHANNEL\n');
  });

  it.each([
    ['no command', []],
    ['an unknown command', ['upload']],
    ['an unknown option', ['list', '--fast']],
    ['a missing argument', ['add']],
    ['an argument too many', ['add', 'a', 'b']],
    ['an option without its value', ['publish', 'demo', tarball, '--rev']],
    ['a count that is none', ['publish', 'demo', tarball, '--rev-count', '-7']],
    ['a time that is none', ['publish', 'demo', tarball, '--last-modified', 'today']],
  ])('ends with 2 for %s, and sends no request', async (_, args) => {
    const { run, requests } = command();
    const { code, out, err } = await run(...args);
    expect([code, out, requests]).toEqual([exitCodes.usage, '', []]);
    expect(err).toMatch(args.length === 0 ? /^Usage: channelctl/ : oneLine);
  });

  it.each([[['--help']], [['publish', '--help']], [['help']]])('prints help for %j', async (args) => {
    const { code, out, err } = await command().run(...args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Usage: channelctl/);
  });

  it.each([
    ['a channel name', ['add', 'a/b'], 'The channel name "a/b" must contain only'],
    ['a reserved channel name', ['add', 'revoked'], 'is reserved'],
    ['an extension', ['add', 'demo', '--file-extension', 'iso'], 'must begin with a dot'],
    ['the channel to show', ['show', '../x'], 'must contain only'],
    ['the channel to publish to', ['publish', 'a.json', tarball], 'must not end in ".json"'],
    [
      'the name of a release',
      ['publish', 'demo', tarball, '--name', 'a/b'],
      'The release name "a/b" must contain only',
    ],
    ['a rev', ['publish', 'demo', tarball, '--rev', 'main'], 'rev must be 40 hexadecimal digits'],
    ['a count beyond all counts', ['publish', 'demo', tarball, '--rev-count', '9'.repeat(30)], 'revCount must be'],
    ['a file that is not there', ['publish', 'demo', `${directory.path}/none.tar.xz`], 'is not there'],
    ['an empty file', ['publish', 'demo', directory.file('empty.tar.xz', '')], 'is empty'],
  ])('refuses %s before any request', async (_, args, sentence) => {
    const { run, requests } = command();
    const { code, out, err } = await run(...args);
    expect([code, out, requests]).toEqual([exitCodes.refused, '', []]);
    expect(err).toMatch(oneLine);
    expect(err).toContain(sentence);
  });

  it.each([
    ['no URL', {}, 'Give --url or --stack'],
    ['an empty URL', { CHANNELCTL_URL: '' }, 'Give --url or --stack'],
    ['no http URL', { CHANNELCTL_URL: 'api.test' }, '"api.test" is no http or https URL'],
  ])('says in one line that it has %s', async (_, environment, sentence) => {
    const { code, err } = await command({ environment }).run('list');
    expect(code).toBe(exitCodes.refused);
    expect(err).toMatch(oneLine);
    expect(err).toContain(sentence);
  });

  it('prefers --url to the environment', async () => {
    const { run } = command({ environment: { CHANNELCTL_URL: 'nonsense' } });
    expect((await run('--url', 'https://api.test/', 'list')).code).toBe(0);
  });

  it('does not choose between --url and --stack', async () => {
    const { code, err } = await command().run('--url', 'https://api.test/', '--stack', 'Channels', 'list');
    expect([code, err]).toEqual([exitCodes.refused, 'channelctl: Give either --url or --stack, not both.\n']);
  });

  it('warns while locks hold a generated domain', async () => {
    const rig = publishRig(undefined, undefined, undefined, 'https://abc.execute-api.eu-central-1.amazonaws.com');
    const { run } = command({}, rig);
    await run('add', 'demo');
    const { code, err } = await run('publish', 'demo', tarball);
    expect(code).toBe(0);
    expect(err.split('\n').at(-2)).toMatch(/^warning: locks will hold abc\.execute-api\.eu-central-1\.amazonaws\.com /);
  });

  it('prints its name and version, and that of Node.js', async () => {
    const { code, out } = await command().run('--version');
    expect([code, out]).toEqual([0, `channelctl ${packageJson.version} (Node.js ${process.version})\n`]);
  });

  it('says in one line that there are no credentials, and passes the profile on', async () => {
    const profiles: (string | undefined)[] = [];
    const { run, requests } = command({
      credentials: ({ profile }) => {
        profiles.push(profile);
        return async () => {
          throw new Problem(401, 'no-credentials', 'No AWS credentials:\n  set some.');
        };
      },
    });
    const { code, err } = await run('--profile', 'ci', 'list');
    expect([code, err, profiles, requests]).toEqual([5, 'channelctl: No AWS credentials: set some.\n', ['ci'], []]);
  });

  it.each([
    ['an unknown channel', ['show', 'none'], exitCodes.notFound, 'There is no channel "none"'],
    [
      'another extension',
      ['add', 'demo', '--file-extension', '.iso'],
      exitCodes.conflict,
      'already exists with the extension',
    ],
    [
      'a file of another extension',
      ['publish', 'demo', directory.file('x.zip', 'x')],
      exitCodes.refused,
      'files that end in ".tar.xz"',
    ],
    [
      'other bytes',
      ['publish', 'demo', directory.file('other.tar.xz', tarballOf('other')), '--name', 'demo-1'],
      exitCodes.conflict,
      'other bytes',
    ],
  ])("prints the API's message of %s in one line", async (_, args, exit, sentence) => {
    const { run } = command();
    await run('add', 'demo');
    await run('publish', 'demo', tarball);
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([exit, '']);
    expect(err.split('\n').filter((line) => line.startsWith('channelctl: '))).toHaveLength(1);
    expect(err).toContain(sentence);
  });

  it('reports a bug with its stack, and ends with 1', async () => {
    const { code, err } = await command({
      operation: () => {
        throw new TypeError('odd');
      },
    }).run('add', 'demo');
    expect(code).toBe(exitCodes.defect);
    expect(err).toMatch(/^channelctl: This is a bug: TypeError: odd\n +at /);
  });

  it('removes the progress line before it prints an error', async () => {
    const { run, rig } = command();
    await run('add', 'demo');
    const failing: Send = async (exchange) => {
      if (exchange.method !== 'PUT') return apiSend(rig).send(exchange);
      await bodyOf(exchange);
      return { status: 500, body: '' };
    };
    const { code, err } = await command({ send: failing, terminal: true }, rig).run('publish', 'demo', tarball);
    expect(code).toBe(exitCodes.unavailable);
    const last = err.split('\r\x1b[K').at(-1);
    expect(last).toMatch(oneLine);
    expect(last).toContain('Part 1 does not arrive (the bucket answered 500)');
  });
});

describe('a usage error', () => {
  it.each([
    [['pubish', 'demo', 'x'], 'unknown command \'pubish\' (Did you mean publish?). See "channelctl --help".'],
    [['list', '--jsno'], 'unknown option \'--jsno\' (Did you mean --json?). See "channelctl list --help".'],
    [['token', 'crate'], 'unknown command \'crate\' (Did you mean create?). See "channelctl token --help".'],
    [
      ['doctor', 'buckets', '--help'],
      'unknown command \'buckets\' (Did you mean bucket?). See "channelctl doctor --help".',
    ],
    [['nonsense', '--help'], 'unknown command \'nonsense\'. See "channelctl --help".'],
    [['nonsense', '-h'], 'unknown command \'nonsense\'. See "channelctl --help".'],
    [['help', 'pubish'], 'unknown command \'pubish\' (Did you mean publish?). See "channelctl --help".'],
    [['yank', 'demo'], 'missing required argument \'release\'. See "channelctl yank --help".'],
  ])('suggests a correction for %j, names the help, and ends with 2', async (args, sentence) => {
    const { code, out, err } = await command().run(...args);
    expect([code, out, err]).toEqual([exitCodes.usage, '', `channelctl: ${sentence}\n`]);
  });
});

describe('--json', () => {
  const errorOf = (out: string) => JSON.parse(out).error;

  it.each([
    ['an unknown option', ['list', '--fast'], exitCodes.usage, { code: 'usage', message: "unknown option '--fast'" }],
    ['an unknown command', ['nonsense'], exitCodes.usage, { code: 'usage', message: "unknown command 'nonsense'" }],
    ['no command', [], exitCodes.usage, { code: 'usage', message: expect.stringContaining('command') }],
    ['a removal without --yes', ['remove', 'demo'], exitCodes.usage, { code: 'usage', message: expect.any(String) }],
    [
      'refused input',
      ['add', 'a/b'],
      exitCodes.refused,
      { code: 'invalid-input', field: 'channel', message: expect.stringContaining('"a/b"') },
    ],
    [
      'what the API refuses',
      ['show', 'none'],
      exitCodes.notFound,
      { code: 'not-found', message: expect.stringContaining('"none"') },
    ],
  ])('prints the error of %s as one JSON value, and its sentence on standard error', async (_, args, exit, error) => {
    const { code, out, err } = await command().run(...args, '--json');
    expect(code).toBe(exit);
    expect(errorOf(out)).toEqual(error);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    if (args.length > 0) expect(err).toContain(errorOf(out).message);
  });

  it('is given for every command that can fail', async () => {
    for (const args of [
      ['add', 'demo'],
      ['list'],
      ['show', 'demo'],
      ['history', 'demo'],
      ['publish', 'demo', tarball],
      ['promote', 'demo', 'other'],
      ['rollback', 'demo'],
      ['yank', 'demo', 'demo-1', '--reason', 'x'],
      ['set', 'demo', '--max-age', '1d'],
      ['remove', 'demo', '--yes'],
      ['restore', 'demo'],
      ['token', 'revoke', '--jti', 'a', '--until', '1d'],
      ['token', 'revocations'],
      ['doctor', 'bucket'],
    ]) {
      const send: Send = async () => ({ status: 409, body: '{"code":"damaged","detail":"It is damaged."}' });
      const { code, out } = await command({ send }).run('--json', ...args);
      expect([args[0], code, errorOf(out)]).toEqual([
        args[0],
        exitCodes.conflict,
        { code: 'damaged', message: 'It is damaged.' },
      ]);
    }
    for (const args of [
      ['inspect', '/nowhere/x.tar.xz'],
      ['token', 'inspect', '/nowhere/token'],
      ['doctor', 'reader', 'nonsense'],
      ['login', 'nonsense'],
    ])
      expect(errorOf((await command().run(...args, '--json')).out)).toMatchObject({ code: 'invalid-input' });
  });

  it('prints a bug as JSON as well', async () => {
    const operation = () => {
      throw new TypeError('odd');
    };
    const { code, out } = await command({ operation }).run('add', 'demo', '--json');
    expect([code, errorOf(out)]).toEqual([exitCodes.defect, { code: 'defect', message: 'TypeError: odd' }]);
  });

  it('is not an option after --', async () => {
    const { code, out } = await command().run('show', '--', '--json');
    expect([code, out]).toEqual([exitCodes.refused, '']);
  });
});

describe('the help of each command', () => {
  const never = () => {
    throw new Error('nobody is asked');
  };
  const program = createProgram({
    environment: {},
    out: never,
    err: never,
    terminal: false,
    credentials: never,
    send: never,
    sleep: never,
    now: Date.now,
    operation: never,
  });
  const all = (each: Command): Command[] => [each, ...each.commands.flatMap(all)];
  const pathOf = (each: Command): string[] => (each.parent === null ? [] : [...pathOf(each.parent), each.name()]);
  const leaves = all(program).filter(({ commands }) => commands.length === 0);

  it.each(all(program).map((each) => [pathOf(each)] as const))('of %j names the documentation', async (path) => {
    const { code, out } = await command().run(...path, '--help');
    expect(code).toBe(0);
    const [, pages = ''] = /\nDocumentation: (.+) of nix-channel-lambda\n$/.exec(out) ?? [];
    const named = pages.match(/[\w/-]+\.md/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    for (const page of named) expect(existsSync(new URL(`../../../${page}`, import.meta.url))).toBe(true);
  });

  it.each(leaves.map((each) => [pathOf(each), each] as const))('of %j has examples that parse', async (path, leaf) => {
    const { out } = await command().run(...path, '--help');
    const examples = [...out.matchAll(/^ {2}\$ (?:source <\()?channelctl ([^|)\n]+)/gm)].map(([, words = '']) => words);
    expect(examples.length).toBeGreaterThan(0);
    leaf.action(() => {});
    for (const example of examples) {
      const args = (example.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
      expect(args.slice(0, path.length)).toEqual(path);
      await program.parseAsync(args, { from: 'user' });
    }
  });
});
