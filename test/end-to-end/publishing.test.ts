import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
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
import type { CommandRun } from '../support/run-command.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const rev = '0123456789abcdef0123456789abcdef01234567';
let system: TestSystem;
let api: ChannelApi;

/** A file in a directory of its own. */
const file = async (name: string, content: string): Promise<string> => {
  const path = join(await mkdtemp(join(system.directory, 'files-')), name);
  await writeFile(path, content === '' || !name.includes('.tar.') ? content : tarball(content));
  return path;
};

/** Publishes an archive that says a word. */
const publish = async (channel: string, release: string, word: string, ...flags: string[]): Promise<CommandRun> =>
  system.channelctl('publish', channel, await file(`${release}.tar.xz`, word), ...flags);

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
});
afterAll(() => system.close());

describe('channelctl add, list and show', () => {
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

  it('writes a catalog and a record that the Rust service reads', async () => {
    const channels = [await system.newChannel('--file-extension', '.iso'), await system.newChannel()];
    expect(JSON.parse(await system.read(`${channels[0]}.json`))).toMatchObject({
      latest: null,
      file_extension: '.iso',
      previous: [],
    });
    expect(JSON.parse(await system.read('channels.json')).channels).toEqual(expect.arrayContaining(channels));
  });

  it('lists and shows channels, also under the names of the Rust tool', async () => {
    const channel = await system.newChannel();
    for (const name of ['list', 'list-channels'])
      expect((await system.channelctl(name)).out).toMatch(new RegExp(`^${channel} {2,}\\.tar\\.xz`, 'm'));
    for (const name of ['show', 'show-channel'])
      expect((await system.channelctl(name, channel)).out).toContain(`/channel/${channel}.tar.xz`);
    expect((await system.channelctl('show', 'nope')).code).toBe(6);
  });
});

describe('channelctl publish', () => {
  const facts = ['--rev', rev.toUpperCase(), '--rev-count', '12', '--last-modified', '1700000000'];

  it('uploads a tarball, makes it the latest, and ends with the permanent URL and the lines that use it', async () => {
    const channel = await system.newChannel();
    const path = await file(`${channel}-1.tar.xz`, 'first');
    const run = await system.channelctl('publish', channel, path, ...facts);
    expect(run.code).toBe(0);
    expect(run.err.split('\n')).toEqual([
      'hashing 2.5 KiB',
      expect.stringMatching(/^warning: There is no flake.nix and no default.nix/),
      'uploading 2.5 KiB',
      '',
    ]);
    const { headers } = await system.ask(`/channel/${channel}.tar.xz`);
    const { narHash } = JSON.parse((await system.channelctl('inspect', path, '--json')).out);
    expect(narHash).toMatch(/^sha256-/);
    const permanent = `${system.baseUrl}/permanent/${channel}-1.tar.xz`;
    expect(run.out.trimEnd().split('\n').slice(-4)).toEqual([
      permanent,
      `inputs.${channel} = { url = "${system.baseUrl}/channel/${channel}.tar.xz"; flake = false; };`,
      `nix-channel --add ${system.baseUrl}/channel/${channel} ${channel}`,
      `fetchTarball { url = "${permanent}"; sha256 = "${narHash}"; }`,
    ]);
    expect(headers.link).toBe(
      `<${permanent}?rev=${rev}&revCount=12&lastModified=1700000000&narHash=${encodeURIComponent(narHash)}>; rel="immutable"`,
    );
    expect((await follow(`${system.baseUrl}/channel/${channel}.tar.xz`)).body).toEqual(tarball('first'));
  });

  it('keeps on the object what it needs, and nothing that readers should not see', async () => {
    const channel = await system.newChannel();
    const path = await file(`${channel}-1.tar.xz`, 'first');
    expect((await system.channelctl('publish', channel, path, ...facts)).code).toBe(0);
    const { narHash } = JSON.parse((await system.channelctl('inspect', path, '--json')).out);
    const { headers } = await system.ask(`/permanent/${channel}-1.tar.xz`);
    const object = await follow(headers.location as string);
    const metadata = Object.entries(object.headers).filter(([name]) => name.startsWith('x-amz-meta-'));
    expect(Object.fromEntries(metadata)).toEqual({
      'x-amz-meta-channel': channel,
      'x-amz-meta-rev': rev,
      'x-amz-meta-revcount': '12',
      'x-amz-meta-lastmodified': '1700000000',
      'x-amz-meta-narhash': narHash,
      'x-amz-meta-sha256': createHash('sha256').update(tarball('first')).digest('hex'),
    });
  });

  it('keeps in the record who published and when, and every older release', async () => {
    const channel = await system.newChannel();
    const [first, second] = [`${channel}-1`, `${channel}-2`];
    expect((await publish(channel, first, 'first')).code).toBe(0);
    const run = await publish(channel, second, 'second', '--json');
    expect(JSON.parse(run.out)).toMatchObject({ release: second, fresh: true, latest: true });
    const record = JSON.parse(await system.read(`${channel}.json`));
    expect(record).toMatchObject({ latest: second, file_extension: '.tar.xz', previous: [first], serial: 3 });
    expect(record.history.at(-1)).toMatchObject({
      action: 'publish',
      release: second,
      from: first,
      by: 'arn:aws:iam::000000000000:user/local',
    });
    expect(system.logged()).toContainEqual(
      expect.objectContaining({
        message: 'published',
        channel,
        release: second,
        from: first,
        by: record.history.at(-1).by,
      }),
    );
  });

  it('names the release by --name, also where the file has another name', async () => {
    const channel = await system.newChannel();
    expect((await publish(channel, 'result', 'by name', '--name', `${channel}-9`)).code).toBe(0);
    expect((await follow(`${system.baseUrl}/permanent/${channel}-9.tar.xz`)).body).toEqual(tarball('by name'));
  });

  it('says "already published" to the same bytes under the same name, and moves nothing', async () => {
    const channel = await system.newChannel();
    for (const number of [1, 2]) expect((await publish(channel, `${channel}-${number}`, `${number}`)).code).toBe(0);
    const before = await system.read(`${channel}.json`);
    const latest = await publish(channel, `${channel}-2`, '2');
    expect(latest).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        `already published: ${channel}-2 (nothing changed: ${channel} already points to it)`,
      ),
    });
    const older = await publish(channel, `${channel}-1`, '1');
    expect(older).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        `already published: ${channel}-1 (nothing changed: ${channel} still points to ${channel}-2`,
      ),
    });
    expect(await system.read(`${channel}.json`)).toBe(before);
  });

  it('refuses other bytes under a used name, and the name of another channel', async () => {
    const [channel, other] = [await system.newChannel(), await system.newChannel()];
    const longer = `${channel}-unstable`;
    expect((await system.channelctl('add', longer)).code).toBe(0);
    for (const each of [channel, other]) expect((await publish(each, `${each}-1`, each)).code).toBe(0);
    const before = await system.read(`${channel}.json`);
    const refusals = [
      [channel, `${channel}-1`, 'other bytes', 'with other bytes'],
      [other, `${channel}-1`, channel, `the channel "${channel}"`],
      [channel, `${other}-1`, other, other],
      [channel, `${longer}-1`, 'x', `begins with "${longer}-"`],
    ] as const;
    for (const [to, release, word, says] of refusals)
      expect(await publish(to, release, word)).toMatchObject({ code: 4, out: '', err: expect.stringContaining(says) });
    expect(await system.read(`${channel}.json`)).toBe(before);
    expect((await publish(longer, `${longer}-1`, 'x')).code).toBe(0);
  });

  it('refuses a release that is older than the latest, unless forced', async () => {
    const channel = await system.newChannel();
    const [first, second] = [`${channel}-10`, `${channel}-11`];
    expect((await publish(channel, first, first, '--last-modified', '2000')).code).toBe(0);
    expect(await publish(channel, second, second, '--last-modified', '1999')).toMatchObject({
      code: 4,
      err: expect.stringContaining('--force'),
    });
    expect((await publish(channel, second, second, '--last-modified', '1999', '--force')).code).toBe(0);
  });

  it('takes a release that other tools put into the bucket, when its MD5 shows the same bytes', async () => {
    const channel = await system.newChannel();
    await system.lay(`${channel}-20.tar.xz`, tarball('laid by hand'));
    const same = await publish(channel, `${channel}-20`, 'laid by hand', '--json');
    expect(JSON.parse(same.out)).toMatchObject({ release: `${channel}-20`, fresh: true, latest: true });
    await system.lay(`${channel}-21.tar.xz`, tarball('laid by HAND'));
    const other = await publish(channel, `${channel}-21`, 'laid by hand');
    expect(other).toMatchObject({ code: 4, err: expect.stringContaining('other bytes') });
  });
});

describe('a publisher whose policy allows only /publish/channels/{channel}/*', () => {
  const publishAs = async (channel: string, name: string) => {
    const limited: Pick<ChannelApi, 'get' | 'post' | 'url'> = {
      url: 'limited',
      get: async <Answer>(path: string, query?: Readonly<Record<string, string>>): Promise<Answer> => {
        if (path === channelPath(channel)) throw new Problem(403, 'forbidden', 'Forbidden');
        return api.get(path, query);
      },
      post: (path, body) => api.post(path, body),
    };
    const client = {
      api: limited,
      send,
      sleep: async () => {},
      progress: { begin() {}, bytes() {}, end() {} },
      environment: { XDG_STATE_HOME: system.directory },
      now: Date.now,
      note: () => {},
    };
    const path = await file(name, name);
    return publishFile(client, { channel, path, name: undefined, facts: {}, force: false, dryRun: false });
  };

  it('publishes', async () => {
    const channel = await system.newChannel();
    expect(await publishAs(channel, `${channel}-30.tar.xz`)).toMatchObject({
      release: `${channel}-30`,
      fresh: true,
      latest: true,
    });
  });

  it('is told which extension the channel has', async () => {
    const channel = await system.newChannel();
    await expect(publishAs(channel, `${channel}-31.tar.gz`)).rejects.toMatchObject({
      status: 400,
      message: `The channel "${channel}" takes files that end in ".tar.xz".`,
    });
  });
});

describe('the command itself', () => {
  let channel: string;
  beforeAll(async () => {
    channel = await system.newChannel();
  });

  it.each([
    ['a file without the extension', 'file.tar.gz', 'x', 'end in ".tar.xz"'],
    ['an empty file', 'empty.tar.xz', '', 'is empty'],
    ['a name that breaks a rule', '-dash.tar.xz', 'x', 'must begin with a letter or a digit'],
  ])('refuses %s', async (_, name, content, words) => {
    const run = await system.channelctl('publish', channel, await file(name, content));
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err.split('\n').filter((line) => line.startsWith('channelctl:'))).toHaveLength(1);
    expect(run.err).toContain(words);
  });

  it('refuses a file that is not there', async () => {
    expect(await system.channelctl('publish', channel, '/nowhere.tar.xz')).toMatchObject({
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
  ])('refuses to publish with %s %s', async (flag, value, code) => {
    const run = await publish(channel, `${channel}-1`, 'word', `${flag}=${value}`);
    expect(run).toMatchObject({ code, out: '' });
    expect(run.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(['channels', 'revoked', '', 'a/b', 'a b', 'a\u0007b', 'a'.repeat(129), '.a', 'a.json', 'a.tar.xz'])(
    'refuses to add a channel with the name %j',
    async (name) => {
      expect(await system.channelctl('add', name)).toMatchObject({
        code: 3,
        err: expect.stringMatching(/^channelctl: The channel name .*\n$/),
      });
    },
  );

  it.each(['tar.xz', '.json', '.JSON', '.a/b', '.a..b', '.', ''])(
    'refuses to add a channel with the extension %j',
    async (extension) => {
      const run = await system.channelctl('add', 'fresh', '--file-extension', extension);
      expect(run).toMatchObject({ code: 3, err: expect.stringMatching(/^channelctl: The file extension .*\n$/) });
    },
  );
});

describe('the publish function', () => {
  let channel: string;
  beforeAll(async () => {
    channel = await system.newChannel();
    expect((await system.channelctl('add', 'other')).code).toBe(0);
  });

  const declaration = (changes: object = {}): object => {
    const sha256 = createHash('sha256').update('bytes');
    return {
      operation: randomUUID(),
      release: `${channel}-100`,
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
    ['an invalid rev', { rev: 'abc' }, 400, 'invalid-input', 'rev'],
    ['a negative revCount', { revCount: -1 }, 400, 'invalid-input', 'revCount'],
    ['a fractional lastModified', { lastModified: 1.5 }, 400, 'invalid-input', 'lastModified'],
    ['an invalid narHash', { narHash: 'sha256-x' }, 400, 'invalid-input', 'narHash'],
    ['an empty file', { size: 0 }, 400, 'invalid-input', 'size'],
    ['more parts than its size has', { partSha256s: [] }, 400, 'invalid-input', 'partSha256s'],
    ['an unknown field', { colour: 'red' }, 400, 'invalid-input', 'colour'],
    ['a body over 1 MB', { rev: 'a'.repeat(1_000_001) }, 400, 'invalid-input', 'body'],
  ])('refuses an upload with %s', async (_, changes, status, code, field) => {
    expect(await refusal(channelPath(channel, '/uploads'), declaration(changes))).toMatchObject({
      status,
      code,
      field,
    });
  });

  it.each(['channels', 'a/b', 'a b', '.json', 'x'.repeat(129)])('refuses the channel name %j', async (name) => {
    expect(await refusal('/publish/catalog', { operation: randomUUID(), channel: name })).toMatchObject({
      status: 400,
      field: 'channel',
    });
    expect([400, 404]).toContain(
      ((await refusal(channelPath(name, '/uploads'), declaration())) as { status: number }).status,
    );
  });

  it('does not find an upload that does not exist', async () => {
    for (const id of [randomUUID(), '..%2f..%2fdemo', 'x'])
      expect(await api.get(channelPath(channel, `/uploads/${id}`)).catch((problem) => problem)).toMatchObject({
        status: 404,
      });
    expect(
      await refusal(channelPath(channel, '/releases'), { operation: randomUUID(), upload: randomUUID() }),
    ).toMatchObject({ status: 404 });
  });

  it('refuses a request without a body', async () => {
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
  ])('refuses with 403 a request that is %s', async (_, ask) => {
    expect(await ask()).toMatchObject({ status: 403 });
  });
});

describe('an upload', () => {
  const part = Buffer.from('the only part');
  const sha256 = createHash('sha256').update(part);
  const opening = {
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
        idleTimeoutMs: 60_000,
      })
    ).status;

  it('takes through its URLs only the declared bytes, and shows what has arrived', async () => {
    const channel = await system.newChannel();
    const [operation, name] = [randomUUID(), `${channel}-200`];
    const declared = { operation, release: name, ...opening };
    const opened = await api.post<OpenUpload>(channelPath(channel, '/uploads'), declared);
    expect(opened).toMatchObject({ status: 'open', upload: operation, partSize: 16 * 1024 * 1024, arrived: [] });
    const [{ url, headers } = { url: '', headers: {} }] = opened.parts;
    expect(await put(url, headers, Buffer.from('THE ONLY PART'))).toBeGreaterThanOrEqual(400);
    expect(await put(url, headers, Buffer.from('the only part and more'))).toBeGreaterThanOrEqual(400);
    const release = { operation, upload: operation };
    expect(await api.post(channelPath(channel, '/releases'), release).catch((problem) => problem)).toMatchObject({
      code: 'parts-missing',
    });
    expect((await system.ask(`/permanent/${name}.tar.xz`)).status).toBe(404);

    const again = await api.get<OpenUpload>(channelPath(channel, `/uploads/${operation}`), { after: '0' });
    expect(again.parts).toHaveLength(1);
    expect(await put(again.parts[0]?.url as string, again.parts[0]?.headers ?? {}, part)).toBe(200);
    expect(await api.get(channelPath(channel, `/uploads/${operation}`))).toMatchObject({ arrived: [1], parts: [] });

    const published = await api.post<Published>(channelPath(channel, '/releases'), release);
    expect(published).toMatchObject({ fresh: true, latest: true });
    expect(await api.post(channelPath(channel, '/releases'), release)).toEqual(published);
    expect(await api.post(channelPath(channel, '/uploads'), declared)).toEqual(published);
  });
});

describe('many publishers at once', () => {
  // The function's clock stands still, so that its patience does not end on a slow machine.
  const started = Date.now();
  let crowded: TestSystem;
  beforeAll(async () => {
    crowded = await startTestSystem({}, { now: () => started });
  });
  afterAll(() => crowded.close());

  it('lose none of 100 releases of one channel', async () => {
    const channel = await crowded.newChannel();
    const runs = Array.from({ length: 100 }, async (_, index) =>
      crowded.channelctl('publish', channel, await file(`${channel}-${index}.tar.xz`, `release ${index}`), '--json'),
    );
    const codes = (await Promise.all(runs)).map(({ code, err }) => (code === 0 ? 'published' : err));
    expect(new Set(codes)).toEqual(new Set(['published']));
    const record = JSON.parse(await crowded.read(`${channel}.json`));
    const order = [...record.previous, record.latest];
    expect(new Set(order).size).toBe(100);
    const commits = record.history.filter(({ action }: { action: string }) => action === 'publish');
    expect(commits.map(({ release }: { release: string }) => release)).toEqual(order);
    const shown: ShownChannel = JSON.parse((await crowded.channelctl('show', channel, '--json')).out);
    expect(shown.previous).toBe(99);
  }, 300_000);

  it('lose none of 100 channels that are added', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    const runs = await Promise.all(names.map((name) => crowded.channelctl('add', name)));
    expect(new Set(runs.map(({ code }) => code))).toEqual(new Set([0]));
    expect(JSON.parse(await crowded.read('channels.json')).channels).toEqual(expect.arrayContaining(names));
  }, 300_000);
});
