import { createHash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenUpload, Published, ShownChannel } from '../../lib/api/answers.ts';
import { channelPath } from '../../lib/api/routes.ts';
import { ChannelApi } from '../../lib/client/api/channel-api.ts';
import { send } from '../../lib/client/api/http.ts';
import { publishFile } from '../../lib/client/publish/publish-file.ts';
import { Problem } from '../../lib/domain/problem.ts';
import { follow, rawRequest } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const rev = '0123456789abcdef0123456789abcdef01234567';
let system: TestSystem;
let narHash: string;
let api: ChannelApi;

const file = async (name: string, content: string): Promise<string> => {
  const path = join(system.directory, name);
  await writeFile(path, content === '' || !name.includes('.tar.') ? content : tarball(content));
  return path;
};

const show = async (channel: string): Promise<ShownChannel> =>
  JSON.parse((await system.channelctl('show', channel, '--json')).out);

const apiWith = (secretAccessKey: string, region = 'us-east-1'): ChannelApi =>
  new ChannelApi({
    url: system.origin,
    region,
    credentials: async () => ({ accessKeyId: 'local', secretAccessKey }),
    send,
    sleep: (duration) => sleep(duration / 50),
  });

beforeAll(async () => {
  system = await startTestSystem();
  api = apiWith('local');
  for (const channel of ['demo', 'demo-unstable', 'other'])
    expect((await system.channelctl('add', channel)).code).toBe(0);
});
afterAll(() => system.close());

describe('add, list and show', () => {
  it('adds a channel once, and says so the second time', async () => {
    expect(await system.channelctl('add', 'images', '--file-extension', '.iso')).toEqual({
      code: 0,
      out: `added images (.iso)\n${system.baseUrl}/channel/images.iso\n`,
      err: '',
    });
    const again = await system.channelctl('add-channel', 'images', '--file-extension', '.iso', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ channel: 'images', fileExtension: '.iso', fresh: false });
    expect((await system.channelctl('add', 'images')).code).toBe(4);
  });

  it('writes what the Rust service reads', async () => {
    expect(JSON.parse(await system.read('images.json'))).toMatchObject({
      latest: null,
      file_extension: '.iso',
      previous: [],
    });
    expect(JSON.parse(await system.read('channels.json')).channels).toEqual(expect.arrayContaining(['demo', 'images']));
  });

  it('lists and shows channels, under the names of the Rust tool too', async () => {
    for (const name of ['list', 'list-channels'])
      expect((await system.channelctl(name)).out).toMatch(/^demo {2,}\.tar\.xz/m);
    for (const name of ['show', 'show-channel'])
      expect((await system.channelctl(name, 'demo')).out).toContain('/channel/demo.tar.xz');
    expect((await system.channelctl('show', 'nope')).code).toBe(6);
  });
});

describe('publish', () => {
  it('uploads a tarball, makes it the latest, and ends with the permanent URL and the lines that use it', async () => {
    const path = await file('demo-1.tar.xz', 'first');
    const run = await system.channelctl(
      'publish',
      'demo',
      path,
      '--rev',
      rev.toUpperCase(),
      '--rev-count',
      '12',
      '--last-modified',
      '1700000000',
    );
    expect(run.code).toBe(0);
    expect(run.err.split('\n')).toEqual([
      'hashing 2.5 KiB',
      expect.stringMatching(/^warning: There is no flake.nix and no default.nix/),
      'uploading 2.5 KiB',
      '',
    ]);
    const { headers } = await system.ask('/channel/demo.tar.xz');
    ({ narHash } = JSON.parse((await system.channelctl('inspect', path, '--json')).out));
    expect(narHash).toMatch(/^sha256-/);
    expect(run.out.trimEnd().split('\n').slice(-4)).toEqual([
      `${system.baseUrl}/permanent/demo-1.tar.xz`,
      `inputs.demo = { url = "${system.baseUrl}/channel/demo.tar.xz"; flake = false; };`,
      `nix-channel --add ${system.baseUrl}/channel/demo demo`,
      `fetchTarball { url = "${system.baseUrl}/permanent/demo-1.tar.xz"; sha256 = "${narHash}"; }`,
    ]);
    expect(headers.link).toBe(
      `<${system.baseUrl}/permanent/demo-1.tar.xz?rev=${rev}&revCount=12&lastModified=1700000000&narHash=${encodeURIComponent(narHash)}>; rel="immutable"`,
    );
    expect((await follow(`${system.baseUrl}/channel/demo.tar.xz`)).body).toEqual(tarball('first'));
  });

  it('keeps on the object what it needs, and nothing that readers should not see', async () => {
    const { headers } = await system.ask('/permanent/demo-1.tar.xz');
    const object = await follow(headers.location as string);
    const metadata = Object.entries(object.headers).filter(([name]) => name.startsWith('x-amz-meta-'));
    expect(Object.fromEntries(metadata)).toEqual({
      'x-amz-meta-channel': 'demo',
      'x-amz-meta-rev': rev,
      'x-amz-meta-revcount': '12',
      'x-amz-meta-lastmodified': '1700000000',
      'x-amz-meta-narhash': narHash,
      'x-amz-meta-sha256': createHash('sha256').update(tarball('first')).digest('hex'),
    });
  });

  it('keeps in the record who published and when, and every older release', async () => {
    const second = await system.channelctl('publish', 'demo', await file('demo-2.tar.xz', 'second'), '--json');
    expect(JSON.parse(second.out)).toMatchObject({ release: 'demo-2', fresh: true, latest: true });
    const record = JSON.parse(await system.read('demo.json'));
    expect(record).toMatchObject({ latest: 'demo-2', file_extension: '.tar.xz', previous: ['demo-1'], serial: 3 });
    expect(record.history.at(-1)).toMatchObject({
      action: 'publish',
      release: 'demo-2',
      from: 'demo-1',
      by: 'arn:aws:iam::000000000000:user/local',
    });
    expect(system.logged()).toContainEqual(
      expect.objectContaining({
        message: 'published',
        channel: 'demo',
        release: 'demo-2',
        from: 'demo-1',
        by: record.history.at(-1).by,
      }),
    );
  });

  it('names the release by --name, also where the file is called otherwise', async () => {
    const path = await file('result.tar.xz', 'by name');
    expect((await system.channelctl('publish', 'other', path, '--name', 'other-9')).code).toBe(0);
    expect((await follow(`${system.baseUrl}/permanent/other-9.tar.xz`)).body).toEqual(tarball('by name'));
  });

  it('says "already published" to the same bytes under the same name, and moves nothing', async () => {
    const before = await system.read('demo.json');
    const latest = await system.channelctl('publish', 'demo', join(system.directory, 'demo-2.tar.xz'));
    expect(latest).toMatchObject({
      code: 0,
      out: expect.stringContaining('already published: demo-2 (nothing changed: demo already points to it)'),
    });
    const older = await system.channelctl('publish', 'demo', join(system.directory, 'demo-1.tar.xz'));
    expect(older).toMatchObject({
      code: 0,
      out: expect.stringContaining('already published: demo-1 (nothing changed: demo still points to demo-2'),
    });
    expect(await system.read('demo.json')).toBe(before);
  });

  it('refuses other bytes under a used name, and the name of another channel', async () => {
    const before = await system.read('demo.json');
    await mkdir(join(system.directory, 'else'), { recursive: true });
    const otherBytes = await system.channelctl('publish', 'demo', await file('else/demo-1.tar.xz', 'other bytes'));
    expect(otherBytes).toMatchObject({ code: 4, out: '', err: expect.stringContaining('with other bytes') });
    const elsewhere = await system.channelctl('publish', 'other', await file('else/demo-1.tar.xz', 'first'));
    expect(elsewhere).toMatchObject({ code: 4, err: expect.stringContaining('the channel "demo"') });
    const taken = await system.channelctl('publish', 'demo', await file('other-9.tar.xz', 'by name'));
    expect(taken).toMatchObject({ code: 4, err: expect.stringContaining('other') });
    const longer = await system.channelctl('publish', 'demo', await file('demo-unstable-1.tar.xz', 'x'));
    expect(longer).toMatchObject({ code: 4, err: expect.stringContaining('begins with "demo-unstable-"') });
    expect(await system.read('demo.json')).toBe(before);
    expect(
      (await system.channelctl('publish', 'demo-unstable', join(system.directory, 'demo-unstable-1.tar.xz'))).code,
    ).toBe(0);
  });

  it('refuses a release that is older than the latest, unless forced', async () => {
    await system.channelctl('add', 'aging');
    const publish = (name: string, ...flags: string[]) =>
      file(name, name).then((path) => system.channelctl('publish', 'aging', path, ...flags));
    expect((await publish('aging-10.tar.xz', '--last-modified', '2000')).code).toBe(0);
    expect(await publish('aging-11.tar.xz', '--last-modified', '1999')).toMatchObject({
      code: 4,
      err: expect.stringContaining('--force'),
    });
    expect((await publish('aging-11.tar.xz', '--last-modified', '1999', '--force')).code).toBe(0);
  });

  it('takes a release that other tools put into the bucket, when its MD5 shows the same bytes', async () => {
    await system.lay('other-20.tar.xz', tarball('laid by hand'));
    const same = await system.channelctl('publish', 'other', await file('other-20.tar.xz', 'laid by hand'), '--json');
    expect(JSON.parse(same.out)).toMatchObject({ release: 'other-20', fresh: true, latest: true });
    await system.lay('other-21.tar.xz', tarball('laid by HAND'));
    const other = await system.channelctl('publish', 'other', await file('other-21.tar.xz', 'laid by hand'));
    expect(other).toMatchObject({ code: 4, err: expect.stringContaining('other bytes') });
  });
});

describe('a publisher whose policy has /publish/channels/{channel}/* alone', () => {
  const limited: Pick<ChannelApi, 'get' | 'post' | 'url'> = {
    url: 'limited',
    get: async <Answer>(path: string, query?: Readonly<Record<string, string>>): Promise<Answer> => {
      if (path === channelPath('other')) throw new Problem(403, 'forbidden', 'Forbidden');
      return api.get(path, query);
    },
    post: (path, body) => api.post(path, body),
  };
  const publish = async (name: string) => {
    const path = await file(name, name);
    const client = {
      api: limited,
      send,
      sleep: async () => {},
      progress: { begin() {}, bytes() {}, end() {} },
      environment: { XDG_STATE_HOME: system.directory },
      now: Date.now,
      note: () => {},
    };
    return publishFile(client, { channel: 'other', path, name: undefined, facts: {}, force: false, dryRun: false });
  };

  it('publishes', async () => {
    expect(await publish('other-30.tar.xz')).toMatchObject({ release: 'other-30', fresh: true, latest: true });
  });

  it('is told which extension the channel has', async () => {
    await expect(publish('other-31.tar.gz')).rejects.toMatchObject({
      status: 400,
      message: 'The channel "other" takes files that end in ".tar.xz".',
    });
  });
});

describe('what the command refuses by itself', () => {
  it.each([
    ['a file without the extension', 'file.tar.gz', 'x', 'end in ".tar.xz"'],
    ['an empty file', 'empty.tar.xz', '', 'is empty'],
    ['a name that breaks a rule', '-dash.tar.xz', 'x', 'must begin with a letter or a digit'],
  ])('%s', async (_, name, content, words) => {
    const run = await system.channelctl('publish', 'demo', await file(name, content));
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err.split('\n').filter((line) => line.startsWith('channelctl:'))).toHaveLength(1);
    expect(run.err).toContain(words);
  });

  it('a file that is not there', async () => {
    expect(await system.channelctl('publish', 'demo', '/nowhere.tar.xz')).toMatchObject({
      code: 3,
      err: expect.stringContaining('is not there'),
    });
  });

  it.each([
    ['--rev', 'abc', 3],
    ['--rev-count', '-1', 2],
    ['--rev-count', '1.5', 2],
    ['--last-modified', '-1', 2],
    ['--last-modified', 'yesterday', 2],
  ])('%s %s', async (flag, value, code) => {
    const run = await system.channelctl('publish', 'demo', join(system.directory, 'demo-1.tar.xz'), `${flag}=${value}`);
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(['channels', 'revoked', '', 'a/b', 'a b', 'a\u0007b', 'a'.repeat(129), '.a', 'a.json', 'a.tar.xz'])(
    'the channel name %j',
    async (name) => {
      expect(await system.channelctl('add', name)).toMatchObject({
        code: 3,
        err: expect.stringMatching(/^channelctl: The channel name .*\n$/),
      });
    },
  );

  it.each(['tar.xz', '.json', '.JSON', '.a/b', '.a..b', '.', ''])('the extension %j', async (extension) => {
    const run = await system.channelctl('add', 'fresh', '--file-extension', extension);
    expect(run).toMatchObject({ code: 3, err: expect.stringMatching(/^channelctl: The file extension .*\n$/) });
  });
});

describe('what the function refuses', () => {
  const declaration = (changes: object = {}): object => {
    const sha256 = createHash('sha256').update('bytes');
    return {
      operation: randomUUID(),
      release: 'demo-100',
      size: 5,
      sha256: sha256.copy().digest('hex'),
      partSha256s: [sha256.digest('base64')],
      ...changes,
    };
  };
  const refusal = (path: string, body: unknown): Promise<unknown> =>
    api.post(path, body).then(
      () => 'accepted',
      (problem) => problem,
    );

  it.each([
    ['a name of another channel', { release: 'other-100' }, 409, 'other-channel', undefined],
    ['a name that breaks a rule', { release: 'a/b' }, 400, 'invalid-input', 'release'],
    ['a rev that is none', { rev: 'abc' }, 400, 'invalid-input', 'rev'],
    ['a negative revCount', { revCount: -1 }, 400, 'invalid-input', 'revCount'],
    ['a fractional lastModified', { lastModified: 1.5 }, 400, 'invalid-input', 'lastModified'],
    ['a narHash that is none', { narHash: 'sha256-x' }, 400, 'invalid-input', 'narHash'],
    ['an empty file', { size: 0 }, 400, 'invalid-input', 'size'],
    ['more parts than the size has', { partSha256s: [] }, 400, 'invalid-input', 'partSha256s'],
    ['a field that there is not', { colour: 'red' }, 400, 'invalid-input', 'colour'],
    ['a body over 1 MB', { rev: 'a'.repeat(1_000_001) }, 400, 'invalid-input', 'body'],
  ])('%s', async (_, changes, status, code, field) => {
    expect(await refusal(channelPath('demo', '/uploads'), declaration(changes))).toMatchObject({ status, code, field });
  });

  it.each(['channels', 'a/b', 'a b', '.json', 'x'.repeat(129)])('the channel %j', async (channel) => {
    expect(await refusal('/publish/catalog', { operation: randomUUID(), channel })).toMatchObject({
      status: 400,
      field: 'channel',
    });
    expect([400, 404]).toContain(
      ((await refusal(channelPath(channel, '/uploads'), declaration())) as { status: number }).status,
    );
  });

  it('an upload that there is not', async () => {
    for (const id of [randomUUID(), '..%2f..%2fdemo', 'x'])
      expect(await api.get(channelPath('demo', `/uploads/${id}`)).catch((problem) => problem)).toMatchObject({
        status: 404,
      });
    expect(
      await refusal(channelPath('demo', '/releases'), { operation: randomUUID(), upload: randomUUID() }),
    ).toMatchObject({ status: 404 });
  });

  it('a body that is missing', async () => {
    const signed = new ChannelApi({
      url: system.origin,
      region: 'us-east-1',
      credentials: async () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
      send,
      sleep: async () => {},
    });
    expect(await signed.post('/publish/catalog', undefined).catch((problem) => problem)).toMatchObject({
      status: 400,
      field: 'body',
    });
  });

  it.each([
    ['unsigned', () => system.ask('/publish/catalog').then(({ status }) => ({ status }))],
    [
      'signed with another key',
      () =>
        apiWith('wrong')
          .get('/publish/catalog')
          .catch((problem) => problem),
    ],
    [
      'signed for another region',
      () =>
        apiWith('local', 'eu-west-1')
          .get('/publish/catalog')
          .catch((problem) => problem),
    ],
    [
      'with a body that was not signed',
      () =>
        rawRequest(system.origin, '/publish/catalog', {
          method: 'POST',
          headers: {
            authorization:
              'AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00',
          },
          body: '{}',
        }),
    ],
  ])('requests that are %s, with 403', async (_, ask) => {
    expect(await ask()).toMatchObject({ status: 403 });
  });
});

describe('the upload', () => {
  const part = Buffer.from('the only part');
  const sha256 = createHash('sha256').update(part);
  const opening = {
    release: 'demo-200',
    size: part.length,
    sha256: sha256.copy().digest('hex'),
    partSha256s: [sha256.digest('base64')],
  };
  const put = async (url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<number> =>
    (
      await send({
        method: 'PUT',
        url: new URL(url),
        headers: { ...headers, 'content-length': String(body.length) },
        body,
        idleTimeoutMs: 5_000,
      })
    ).status;

  it('takes through its URLs the declared bytes alone, and shows what has arrived', async () => {
    const operation = randomUUID();
    const opened = await api.post<OpenUpload>(channelPath('demo', '/uploads'), { operation, ...opening });
    expect(opened).toMatchObject({ status: 'open', upload: operation, partSize: 16 * 1024 * 1024, arrived: [] });
    const [{ url, headers } = { url: '', headers: {} }] = opened.parts;
    expect(await put(url, headers, Buffer.from('THE ONLY PART'))).toBeGreaterThanOrEqual(400);
    expect(await put(url, headers, Buffer.from('the only part and more'))).toBeGreaterThanOrEqual(400);
    const release = { operation, upload: operation };
    expect(await api.post(channelPath('demo', '/releases'), release).catch((problem) => problem)).toMatchObject({
      code: 'parts-missing',
    });
    expect((await system.ask('/permanent/demo-200.tar.xz')).status).toBe(404);

    const again = await api.get<OpenUpload>(channelPath('demo', `/uploads/${operation}`), { after: '0' });
    expect(again.parts).toHaveLength(1);
    expect(await put(again.parts[0]?.url as string, again.parts[0]?.headers ?? {}, part)).toBe(200);
    expect(await api.get(channelPath('demo', `/uploads/${operation}`))).toMatchObject({ arrived: [1], parts: [] });

    const published = await api.post<Published>(channelPath('demo', '/releases'), release);
    expect(published).toMatchObject({ fresh: true, latest: true });
    expect(await api.post(channelPath('demo', '/releases'), release)).toEqual(published);
    expect(await api.post(channelPath('demo', '/uploads'), { operation, ...opening })).toEqual(published);
  });
});

describe('many at once', () => {
  it('loses none of 100 publishers on one channel', async () => {
    await system.channelctl('add', 'busy');
    const runs = Array.from({ length: 100 }, async (_, index) =>
      system.channelctl('publish', 'busy', await file(`busy-${index}.tar.xz`, `release ${index}`), '--json'),
    );
    const codes = (await Promise.all(runs)).map(({ code, err }) => (code === 0 ? 'published' : err));
    expect(new Set(codes)).toEqual(new Set(['published']));
    const record = JSON.parse(await system.read('busy.json'));
    const order = [...record.previous, record.latest];
    expect(new Set(order).size).toBe(100);
    const commits = record.history.filter(({ action }: { action: string }) => action === 'publish');
    expect(commits.map(({ release }: { release: string }) => release)).toEqual(order);
    expect((await show('busy')).previous).toBe(99);
  }, 120_000);

  it('loses none of 100 channels that are added at once', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    const runs = await Promise.all(names.map((name) => system.channelctl('add', name)));
    expect(new Set(runs.map(({ code }) => code))).toEqual(new Set([0]));
    expect(JSON.parse(await system.read('channels.json')).channels).toEqual(expect.arrayContaining(names));
  }, 120_000);
});
