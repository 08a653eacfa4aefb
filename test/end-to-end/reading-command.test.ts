import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { launch } from '../support/launch.ts';
import { localhostCertificate } from '../support/localhost-tls.ts';
import { tarball } from '../support/tarball.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { tlsFront } from '../support/tls-front.ts';
import { newKey, token } from '../support/tokens.ts';

const key = newKey('EdDSA');
const exp = Math.floor(Date.now() / 1_000) + 3_600;

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

describe('a reader without AWS credentials', () => {
  let system: TestSystem;
  let directory: TemporaryDirectory;

  /** The command as a process of its own, with nothing of AWS in its environment, and a netrc file that its Nix would read. */
  async function read(password: string | undefined, ...args: readonly string[]): Promise<Ran> {
    const entry = password === undefined ? '' : `machine 127.0.0.1 login token password ${password}\n`;
    const netrc = directory.file(`netrc-${crypto.randomUUID()}`, entry);
    const run = launch(process.execPath, ['bin/channelctl.ts', ...args], {
      CHANNELCTL_URL: system.origin,
      HOME: directory.path,
      NIX_CONFIG: `netrc-file = ${netrc}`,
      // Whoever looks for AWS credentials fails.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PROFILE: 'there-is-none',
    });
    return { code: await run.ended, out: run.printed() };
  }

  const scoped = token(key, { exp, sub: 'ci', channels: ['team'] });

  beforeAll(async () => {
    directory = temporaryDirectory();
    system = await startTestSystem({ jwt: { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 0 } });
    const publish = async (channel: string, ...names: readonly string[]) => {
      for (const name of names) {
        const source = directory.file(`${name}.tar.xz`, tarball(name));
        expect((await system.channelctl('publish', channel, source, '--rev', '0a'.repeat(20))).code).toBe(0);
      }
    };
    for (const [channel, ...flags] of [
      ['team'],
      ['other'],
      ['open', '--visibility', 'public'],
      ['gone', '--visibility', 'public'],
    ])
      expect((await system.channelctl('add', channel as string, ...flags)).code).toBe(0);
    await publish('team', 'team-1', 'team-2');
    await publish('other', 'other-1');
    await publish('open', 'open-1', 'open-2', 'open-3');
    await publish('gone', 'gone-1');
    expect((await system.channelctl('yank', 'open', 'open-2', '--reason', 'does not boot')).code).toBe(0);
    expect((await system.channelctl('remove', 'gone', '--yes')).code).toBe(0);
  });
  afterAll(async () => {
    await system.close();
    directory.remove();
  });

  it('lists what is public without a token, and what its token gives with one', async () => {
    const open = await read(undefined, 'list');
    expect([open.code, open.out.match(/^(open|team|other) .*$/gm)]).toEqual([
      0,
      [expect.stringMatching(/^open +open-3 +\d{4}-\d\d-\d\d +(?:0a){20}$/)],
    ]);
    expect(open.out).toContain(`These are the public channels. Others need a token: channelctl login ${system.origin}`);
    const own = await read(scoped, 'list', '--json');
    expect(JSON.parse(own.out).channels.map(({ channel }: { channel: string }) => channel)).toEqual([
      'gone',
      'open',
      'team',
    ]);
  });

  it('shows a public channel by its URL, with what was yanked, and sends it a bad token to no harm', async () => {
    for (const password of [undefined, scoped, 'nonsense']) {
      const { code, out } = await read(password, 'show', `${system.origin}/channel/open.tar.xz`);
      expect(code).toBe(0);
      expect(out).toMatch(/^latest +open-3$/m);
      expect(out).toMatch(/^narHash +sha256-/m);
      expect(out).toMatch(/^size +\d/m);
      expect(out).toMatch(/^unavailable +open-2 \(yanked on .*: does not boot\)$/m);
      expect(out).toMatch(
        /^flake input +inputs\.open = \{ url = "http.*\/channel\/open\.tar\.xz"; flake = false; \};$/m,
      );
    }
  });

  it('shows a private channel and its history with a token, and says who must log in', async () => {
    const shown = await read(scoped, 'show', 'team', '--json');
    expect(JSON.parse(shown.out)).toMatchObject({ channel: 'team', latest: { release: 'team-2' } });
    expect((await read(scoped, 'history', 'team')).out).toMatch(/publish +team-2 +from team-1\n.*publish +team-1\n$/);
    const none = await read(undefined, 'show', 'team');
    expect(none.code).toBe(5);
    expect(none.out).toMatch(
      /needs a token \(401\), and .* has none for 127\.0\.0\.1\. Save one: channelctl login http/,
    );
    const late = await read(token(key, { exp: 1_700_000_000, sub: 'ci' }), 'history', 'team');
    expect(late.code).toBe(5);
    expect(late.out).toMatch(/refuses the token .*The token expired at 2023-11-14T22:13:20Z.* channelctl login http/);
    expect(await read(scoped, 'show', 'other')).toMatchObject({ code: 6, out: expect.stringContaining('There is no') });
  });

  it('is told that a channel was removed, and what a service has instead of one that it does not have', async () => {
    expect(await read(undefined, 'show', 'gone')).toEqual({
      code: 6,
      out: 'channelctl: The channel "gone" was removed. What was locked before still answers at /permanent.\n',
    });
    const unknown = await read(scoped, 'show', 'none');
    expect(unknown.out).toBe('channelctl: There is no channel "none". Channels: team, open.\n');
  });

  it('compares two releases of a private channel, as they were packed and published', async () => {
    const lockOf = (version: number, locked: object, info?: object): string =>
      JSON.stringify({ nodes: { root: { inputs: { dep: 'dep' } }, dep: { locked, info } }, root: 'root', version });
    const dep = { type: 'github', owner: 'o', repo: 'r' };
    const facts = (letter: string) => ({ narHash: `sha256-${letter}`, lastModified: 1_700_000_000 });
    const publish = async (release: string, files: Readonly<Record<string, string>>, mode: number) => {
      const folder = `${directory.path}/${release}`;
      mkdirSync(folder);
      for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content, { mode });
      const facts = ['--no-git', '--name', release, '--last-modified', '1750000000'];
      expect((await system.channelctl('publish', 'diffed', folder, ...facts)).code).toBe(0);
    };
    expect((await system.channelctl('add', 'diffed')).code).toBe(0);
    const old = { a: 'one', 'run.sh': '#!', 'flake.lock': lockOf(5, { ...dep, rev: 'aaa' }, facts('a')) };
    await publish('diffed-1', old, 0o644);
    await publish('diffed-2', { ...old, broken: 'yes' }, 0o644);
    expect((await system.channelctl('yank', 'diffed', 'diffed-2', '--reason', 'does not boot')).code).toBe(0);
    const fresh = { a: 'two', 'run.sh': '#!', 'flake.lock': lockOf(7, { ...dep, rev: 'bbb', ...facts('b') }) };
    await publish('diffed-3', { ...fresh, more: 'm'.repeat(3_000) }, 0o755);

    const own = token(key, { exp, sub: 'ci', channels: ['diffed'] });
    const { code, out } = await read(own, 'diff', `${system.origin}/channel/diffed.tar.xz`);
    expect(code).toBe(0);
    expect(out).toMatch(/^from +diffed-1\nto +diffed-3$/m);
    expect(out).toMatch(/^changed +dep +github:o\/r +aaa \(2023-11-14\) -> bbb \(2023-11-14\)$/m);
    expect(out).toMatch(/^Files: 1 added \(2\.9 KiB\), 0 removed \(0 B\), 3 changed /m);
    expect(out).toMatch(/^added +2\.9 KiB +more\n/m);
    expect(out).toMatch(/^changed +3 B +a +\(executable\)$/m);
    expect(out).toMatch(/^changed +2 B +run\.sh +\(executable\)$/m);
    const yanked = await read(own, 'diff', 'diffed', 'diffed-2', '--json');
    const diff = JSON.parse(yanked.out.slice(yanked.out.indexOf('{')));
    expect(diff.from).toMatchObject({
      release: 'diffed-2',
      withdrawn: expect.stringMatching(/^yanked on .*not boot$/),
    });
    expect(diff.files.removed).toEqual({ count: 1, size: 3 });
    expect(await read(scoped, 'diff', 'diffed')).toMatchObject({ code: 6 });
    expect(await read(undefined, 'diff', 'diffed')).toMatchObject({ code: 5 });
  });

  it('reads over TLS with the certificates that Nix trusts', async () => {
    const front = await tlsFront(system.origin);
    try {
      const list = (environment: Readonly<Record<string, string>>) =>
        launch(process.execPath, ['bin/channelctl.ts', 'list', front.endpoint], {
          NIX_CONF_DIR: '/nowhere',
          ...environment,
        });
      const trusted = list({ NIX_SSL_CERT_FILE: localhostCertificate });
      expect([await trusted.ended, trusted.printed()]).toEqual([0, expect.stringMatching(/^open +open-3 /m)]);
      const refused = list({});
      expect([await refused.ended, refused.printed()]).toEqual([
        7,
        expect.stringContaining('does not trust its certif'),
      ]);
    } finally {
      await front.close();
    }
  });

  it('loads nothing of the AWS SDK', async () => {
    const loaded = async (...args: readonly string[]): Promise<string> => {
      const coverage = `${directory.path}/coverage-${crypto.randomUUID()}`;
      const run = launch(process.execPath, ['bin/channelctl.ts', ...args], {
        CHANNELCTL_URL: system.origin,
        NIX_CONF_DIR: '/nowhere',
        // Node writes there which scripts it ran.
        NODE_V8_COVERAGE: coverage,
      });
      expect(await run.ended).toBe(0);
      const [file = ''] = readdirSync(coverage);
      return readFileSync(`${coverage}/${file}`, 'utf8');
    };
    for (const args of [['--help'], ['list'], ['show', 'open'], ['history', 'open'], ['diff', 'open']]) {
      const scripts = await loaded(...args);
      expect(scripts).toContain('lib/client/program.ts');
      expect(scripts).not.toMatch(/@aws-sdk|@smithy/);
    }
  });

  it('asks the publish API, and so for credentials, only with --as-publisher', async () => {
    const { code, out } = await read(scoped, 'list', '--as-publisher', '--region', 'us-east-1');
    expect(code).toBe(5);
    expect(out).toContain('No AWS credentials');
  });
});

describe('a server that is no channel service', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const html = { 'content-type': 'text/html' };
      if (request.url?.startsWith('/login')) response.writeHead(200, html).end('<!doctype html><title>Log in</title>');
      else if (request.url?.startsWith('/moved')) response.writeHead(301, { location: '/login' }).end();
      // The Rust service, and earlier versions of this one.
      else response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it.each([
    ['list', '/login', 6, 'answers with text/html instead of JSON: check the URL'],
    ['show', '/moved/channel/x', 3, 'redirects to'],
    ['show', '/channel/x.tar.xz', 6, 'has no list of channels (/index.json): it is another service, or an older one'],
  ])('is told apart by %s %s', async (name, path, exit, sentence) => {
    const run = launch(process.execPath, ['bin/channelctl.ts', name, origin + path], { NIX_CONF_DIR: '/nowhere' });
    expect(await run.ended).toBe(exit);
    expect(run.printed()).toMatch(/^channelctl: [^\n]+\n$/);
    expect(run.printed()).toContain(sentence);
  });
});
