import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { send } from '../../lib/client/api/http.ts';
import { netrcEntry } from '../../lib/client/netrc/parse.ts';
import type { ReaderFinding } from '../../lib/client/reader/reader-finding.ts';
import { file, tar, top } from '../support/nar/tar-blocks.ts';
import { follow } from '../support/raw-request.ts';
import { runCommand } from '../support/run-command.ts';
import { tarball } from '../support/tarball.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { basic } from '../support/tokens.ts';

let system: TestSystem;
let netrc: string;

beforeEach(async () => {
  netrc = join(await mkdtemp(join(system.directory, 'netrc-')), 'netrc');
});

async function start(...settings: Parameters<typeof startTestSystem>): Promise<void> {
  system = await startTestSystem(...settings);
  const path = join(system.directory, 'demo-1.tar.xz');
  await writeFile(path, tarball('demo'));
  for (const channel of ['demo', 'other']) expect((await system.channelctl('add', channel)).code).toBe(0);
  expect((await system.channelctl('publish', 'demo', path)).code).toBe(0);
}

interface Examined {
  readonly code: number;
  readonly kinds: readonly string[];
  readonly findings: readonly ReaderFinding[];
}

async function doctor(path: string, ...flags: string[]): Promise<Examined> {
  const { code, out } = await system.channelctl(
    'doctor',
    'reader',
    system.baseUrl + path,
    '--netrc',
    netrc,
    '--json',
    ...flags,
  );
  const { findings } = JSON.parse(out) as { findings: ReaderFinding[] };
  return { code, findings, kinds: findings.map(({ kind }) => kind).filter((kind) => kind !== 'token-long') };
}

const channel = '/channel/demo.tar.xz';

async function lock(...locked: string[]): Promise<string> {
  const path = join(system.directory, 'flake.lock');
  const original = { type: 'tarball', url: system.baseUrl + channel };
  const nodes = locked.map((url, index) => [`input-${index}`, { locked: { type: 'tarball', url }, original }]);
  await writeFile(path, JSON.stringify({ nodes: Object.fromEntries(nodes), version: 7 }));
  return path;
}

describe('channelctl doctor reader, of a service that is open', () => {
  beforeAll(() => start());
  afterAll(() => system.close());

  it('finds nothing wrong with a channel, its lock, and the service', async () => {
    const path = await lock(`${system.baseUrl}/permanent/demo-1.tar.xz?narHash=sha256-x`);
    expect(await doctor(channel, '--lock', path)).toMatchObject({ code: 0, kinds: [] });
    expect(await doctor('')).toMatchObject({ code: 0, kinds: [] });
    const { out } = await system.channelctl('doctor', 'reader', system.baseUrl + channel, '--netrc', netrc);
    expect(out).toContain(`Nothing is wrong with reading ${system.baseUrl}${channel}.\n`);
  });

  it('examines the archive that a reader gets, and prints its warnings without another exit code', async () => {
    const run = (...flags: string[]) =>
      system.channelctl('doctor', 'reader', system.baseUrl + channel, '--netrc', netrc, ...flags);
    const warned = await run();
    expect([warned.code, warned.err]).toEqual([
      0,
      expect.stringMatching(/^warning: There is no flake.nix and no default.nix .*\n$/),
    ]);
    expect(JSON.parse((await run('--json')).out)).toMatchObject({
      findings: [],
      warnings: [{ code: 'no-flake-or-default', message: expect.any(String) }],
    });
  });

  it('finds an archive that another tool published and that publish refuses', async () => {
    await system.channelctl('add', 'laid');
    await system.lay('laid-1.tar.xz', tar(...top, file('/top/b')));
    await system.lay('laid.json', { latest: 'laid-1', file_extension: '.tar.xz', previous: [] });
    const { code, kinds, findings } = await doctor('/channel/laid.tar.xz');
    expect([code, kinds]).toEqual([8, ['archive-refused']]);
    expect(findings[0]?.means).toContain("The archive's entry '/top/b' has an absolute name");
  });

  it('finds unknown channels, other services, and locks that will break', async () => {
    expect((await doctor('/channel/nope.tar.xz')).findings[0]?.means).toContain('There is no channel "nope.tar.xz"');
    expect((await doctor('/channel/demo')).findings).toMatchObject([
      { kind: 'no-extension', fix: `Add the extension of its files: ${system.baseUrl}${channel}` },
    ]);
    expect((await system.channelctl('add', 'image', '--file-extension', '.iso')).code).toBe(0);
    const image = join(system.directory, 'image-1.iso');
    await writeFile(image, 'bytes');
    expect((await system.channelctl('publish', 'image', image)).code).toBe(0);
    expect((await doctor('/channel/image')).findings).toMatchObject([
      { kind: 'no-extension', fix: `Add the extension of its files: ${system.baseUrl}/channel/image.iso` },
    ]);
    expect((await doctor('/channel/other.tar.xz')).kinds).toEqual(['not-found']);
    expect((await doctor('/publish')).kinds).toEqual(['other-service']);
    const presigned = (await system.ask('/permanent/demo-1.tar.xz')).headers.location as string;
    const path = await lock(system.baseUrl + channel, presigned, `${system.baseUrl}/permanent/demo-0.tar.xz`);
    expect((await doctor(channel, '--lock', path)).kinds).toEqual([
      'lock-floating',
      'lock-expiring',
      'permanent-broken',
    ]);
  });

  it('finds a default entry of netrc that would be sent to the bucket, which refuses it', async () => {
    await writeFile(netrc, 'default login any password any\n', { mode: 0o600 });
    expect((await doctor(channel)).kinds).toEqual(['netrc-default', 'token-form', 'netrc-bucket']);
    const presigned = (await system.ask('/permanent/demo-1.tar.xz')).headers.location as string;
    expect((await follow(presigned, { authorization: basic('any', 'any') })).status).toBe(400);
  });

  it('finds that a service does not answer', async () => {
    const gone = await startTestSystem();
    await gone.close();
    const { code, out } = await runCommand(
      { send, environment: { HOME: gone.directory } },
      'doctor',
      'reader',
      gone.origin,
      '--netrc',
      netrc,
    );
    expect([code, out]).toEqual([8, expect.stringContaining('There is no answer (ECONNREFUSED).')]);
  });
});

describe.each(['es256', 'eddsa', 'rs256'])('a reader with a token signed by %s', (algorithm) => {
  const run = (...args: string[]) => system.channelctl(...args);
  const keys = temporaryDirectory();
  const [key, otherKey] = [join(keys.path, 'key'), join(keys.path, 'other-key')];

  beforeAll(async () => {
    for (const path of [key, otherKey])
      expect((await runCommand({}, 'token', 'keygen', '--algorithm', algorithm, '--out', path)).code).toBe(0);
    const pems = [await readFile(`${key}.pub`, 'utf8')];
    await start({ jwt: { keys: { pems, defaultScope: 'none' }, leewaySeconds: 30 } });
  });
  afterAll(async () => {
    await system.close();
    keys.remove();
  });

  const login = async (by: string, ...scope: string[]): Promise<void> => {
    const token = join(system.directory, 'token');
    const create = ['token', 'create', '--key', by, '--days', '30', '--subject', 'ci', '--out', token, '--force'];
    expect((await run(...create, ...scope)).code).toBe(0);
    expect((await run('login', system.baseUrl, '--token', token, '--netrc', netrc)).code).toBe(0);
  };
  const get = async (path: string): Promise<number> => {
    const { login: name, password } = netrcEntry(await readFile(netrc, 'latin1'), '127.0.0.1') ?? {};
    return (await system.ask(path, { headers: { authorization: basic(password ?? '', name) } })).status;
  };

  it('is told before it logs in that its netrc has no entry', async () => {
    expect((await doctor(channel)).kinds).toEqual(['refused', 'netrc-no-entry']);
    expect((await doctor('')).kinds).toEqual(['refused', 'netrc-no-entry']);
  });

  it('reads after logging in, and then the doctor finds nothing wrong', async () => {
    await login(key, '--channels', 'de*');
    expect([await get(channel), await get('/permanent/demo-1.tar.xz')]).toEqual([307, 307]);
    const path = await lock(`${system.baseUrl}/permanent/demo-1.tar.xz`);
    expect(await doctor(channel, '--lock', path)).toMatchObject({ code: 0, kinds: [] });
    expect(await doctor('')).toMatchObject({ code: 0, kinds: [] });
  });

  it('is not served with a token for other channels or for none, and the doctor says so', async () => {
    await login(key, '--channels', 'other,x-*');
    expect(await get(channel)).toBe(404);
    const path = await lock(`${system.baseUrl}/permanent/demo-1.tar.xz`);
    expect((await doctor(channel, '--lock', path)).kinds).toEqual(['not-found', 'token-scope', 'permanent-broken']);
    await login(key, '--all-channels');
    expect(await get(channel)).toBe(404);
  });

  it('is not served with a token of another key, and the doctor says so in the words of the service', async () => {
    await login(otherKey, '--channels', '*');
    expect(await get(channel)).toBe(401);
    const { kinds, findings } = await doctor(channel);
    expect(kinds).toEqual(['refused']);
    expect(findings[0]?.means).toContain('not signed with a key of this service');
  });

  it('keeps the other lines of its netrc when it logs in again', async () => {
    await login(key, '--channels', '*');
    await appendFile(netrc, '# mine\ndefault login a password b\n');
    await login(otherKey, '--channels', '*');
    expect(await readFile(netrc, 'utf8')).toMatch(
      /^machine 127\.0\.0\.1 login token password \S+\n# mine\ndefault login a password b\n$/,
    );
    expect((await doctor(channel)).kinds).toEqual(['refused', 'netrc-default']);
  });
});
