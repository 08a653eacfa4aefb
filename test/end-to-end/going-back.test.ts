import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { channelPath } from '../../lib/api/routes.ts';
import { ChannelApi } from '../../lib/client/api/channel-api.ts';
import { send } from '../../lib/client/api/http.ts';
import { follow } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const rev = 'a'.repeat(40);
let system: TestSystem;
let api: ChannelApi;

const publish = async (channel: string, name: string, ...flags: string[]) => {
  const path = join(system.directory, `${name}.tar.xz`);
  await writeFile(path, tarball(name));
  return system.channelctl('publish', channel, path, ...flags);
};
const record = async (channel: string) => JSON.parse(await system.read(`${channel}.json`));
const location = async (channel: string) => (await system.ask(`/channel/${channel}.tar.xz`)).headers;
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (problem: unknown) => problem,
  );

/** The catalog and the records, which each test finds as they were at first. */
const records = ['channels', 'a', 'b', 'iso', 'gone'].map((name) => `${name}.json`);
const texts = (): Promise<string[]> => Promise.all(records.map((key) => system.read(key)));
let first: string[];

beforeAll(async () => {
  system = await startTestSystem();
  api = new ChannelApi({
    url: system.origin,
    region: 'us-east-1',
    credentials: async () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
    send,
    sleep: async () => {},
  });
  for (const channel of ['a', 'b', 'iso', 'gone'])
    await system.channelctl('add', channel, '--file-extension', channel === 'iso' ? '.iso' : '.tar.xz');
  await system.channelctl('remove', 'gone', '--yes');
  await publish('a', 'a-1', '--rev', rev, '--last-modified', '1000');
  await publish('a', 'a-2', '--last-modified', '2000');
  await publish('a', 'a-3', '--last-modified', '3000');
  first = await texts();
});
beforeEach(() => Promise.all(records.map((key, index) => system.lay(key, first[index] as string))));
afterAll(() => system.close());

describe('channelctl rollback', () => {
  it('leads to the previous release or to a named one, with its own facts, and back again', async () => {
    expect(await system.channelctl('rollback', 'a')).toMatchObject({
      code: 0,
      out: expect.stringContaining('rolled back: a now points to a-2 (was a-3)\nReaders see it within '),
    });
    expect(await record('a')).toMatchObject({ latest: 'a-2', previous: ['a-1', 'a-3'] });
    expect((await system.channelctl('rollback', 'a', '--to', 'a-1')).code).toBe(0);
    const path = join(system.directory, 'a-1.tar.xz');
    const { narHash } = JSON.parse((await system.channelctl('inspect', path, '--json')).out);
    expect((await location('a')).link).toBe(
      `<${system.baseUrl}/permanent/a-1.tar.xz?rev=${rev}&lastModified=1000&narHash=${encodeURIComponent(narHash)}>; rel="immutable"`,
    );
    expect((await system.channelctl('rollback', 'a', '--to', 'a-3')).code).toBe(0);
    expect(await record('a')).toMatchObject({ latest: 'a-3', previous: ['a-2', 'a-1'] });
    expect(system.logged()).toContainEqual(
      expect.objectContaining({
        message: 'rollback',
        channel: 'a',
        from: 'a-3',
        to: 'a-2',
        by: expect.stringContaining('user/local'),
      }),
    );
  });

  it('is not undone by a publisher that repeats an earlier publish', async () => {
    await system.channelctl('rollback', 'a', '--to', 'a-1');
    expect(await publish('a', 'a-3', '--last-modified', '3000')).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        'already published: a-3 (nothing changed: a still points to a-1; to go back to this one: channelctl rollback a --to a-3)\n',
      ),
    });
    expect((await record('a')).latest).toBe('a-1');
    expect((await publish('a', 'a-3', '--last-modified', '3000')).out).not.toContain('Readers see it');
  });

  it('refuses a channel that moved in the meantime, and answers a repeat from the history', async () => {
    const path = channelPath('a', '/rollback');
    const body = { operation: randomUUID(), from: 'a-3', to: 'a-2' };
    const first = await api.post(path, body);
    expect(first).toMatchObject({ fresh: true, latest: 'a-2', from: 'a-3' });
    const serial = (await record('a')).serial;
    expect(await api.post(path, body)).toEqual(first);
    expect((await record('a')).serial).toBe(serial);
    expect(await refusal(api.post(path, { ...body, operation: randomUUID() }))).toMatchObject({
      status: 409,
      code: 'moved',
    });
  });

  it('refuses a release that the channel did not have before', async () => {
    expect(await system.channelctl('rollback', 'a', '--to', 'a-9')).toMatchObject({ code: 6 });
    expect(await system.channelctl('rollback', 'a', '--to', 'a-3')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing changed: a already points to a-3'),
    });
    expect(await system.channelctl('rollback', 'b')).toMatchObject({
      code: 6,
      err: expect.stringContaining('no earlier release'),
    });
  });
});

describe('channelctl rollback that is run again', () => {
  it('goes neither forward nor further back by itself', async () => {
    await system.channelctl('rollback', 'a');
    const again = await system.channelctl('rollback', 'a');
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('nothing changed: a already points to a-2') });
    expect((await record('a')).latest).toBe('a-2');
    expect((await system.channelctl('rollback', 'a', '--to', 'a-1')).code).toBe(0);
    expect((await record('a')).latest).toBe('a-1');
  });

  it('stays where it is after other changes that move nothing', async () => {
    await system.channelctl('rollback', 'a');
    for (const change of [
      ['remove', 'a', '--yes'],
      ['restore', 'a'],
      ['set', 'a', '--max-age', '3d'],
      ['yank', 'a', 'a-3', '--reason', 'broken'],
    ])
      expect((await system.channelctl(...change)).code).toBe(0);
    expect((await system.channelctl('rollback', 'a')).out).toMatch(
      /^nothing changed: a already points to a-2\nTo roll back further, name the release with --to\.\n$/,
    );
    expect((await record('a')).latest).toBe('a-2');
  });
});

describe('a record that other tools wrote', () => {
  it('never leads to a name that no reader could ask for, or to a release whose bytes are gone', async () => {
    await system.lay('b.json', { latest: 'b-3', previous: ['b-0', 'sub/b-1', 'b-2'] });
    await system.lay('b-0.tar.xz', tarball('b-0'));
    const rollback = api.post(channelPath('b', '/rollback'), { operation: randomUUID(), from: 'b-3', to: 'sub/b-1' });
    expect(await refusal(rollback)).toMatchObject({ status: 400, field: 'to' });
    expect(await system.channelctl('yank', 'b', 'b-3', '--reason', 'x')).toMatchObject({ code: 0 });
    expect((await record('b')).latest).toBe('b-0');
  });

  it('is corrected by another yank where a yanked release was made the latest', async () => {
    await system.lay('b.json', { latest: 'b-2', previous: ['b-1'], yanked: { 'b-2': { reason: 'x' } } });
    await system.lay('b-1.tar.xz', tarball('b-1'));
    expect((await system.ask('/channel/b.tar.xz')).status).toBe(404);
    expect((await system.channelctl('yank', 'b', 'b-2', '--reason', 'again')).code).toBe(0);
    expect((await location('b')).location).toContain('b-1');
  });
});

it('the API refuses an operation ID that was already used for another request', async () => {
  const operation = randomUUID();
  await api.post(channelPath('a', '/rollback'), { operation, from: 'a-3', to: 'a-2' });
  const yank = api.post(channelPath('a', '/yank'), { operation, release: 'a-3', reason: 'x' });
  expect(await refusal(yank)).toMatchObject({ status: 409, code: 'operation-used' });
});

describe('channelctl promote', () => {
  it('makes a release the latest of another channel without moving bytes', async () => {
    expect(await system.channelctl('promote', 'a', 'b')).toMatchObject({
      code: 0,
      out: expect.stringContaining('promoted: b now points to a-3'),
    });
    expect((await follow(`${system.baseUrl}/channel/b.tar.xz`)).body).toEqual(tarball('a-3'));
    expect((await record('b')).history.at(-1)).toMatchObject({ action: 'promote', release: 'a-3', source: 'a' });
    expect((await location('b')).link).toContain('lastModified=3000');
    expect(await system.channelctl('promote', 'a', 'b')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing changed: b already points to a-3'),
    });
  });

  it('takes a named release, but not one that is older than the latest unless forced', async () => {
    await system.channelctl('promote', 'a', 'b', '--release', 'a-2');
    expect(await system.channelctl('promote', 'a', 'b', '--release', 'a-1')).toMatchObject({
      code: 4,
      err: expect.stringContaining('older'),
    });
    expect((await system.channelctl('promote', 'a', 'b', '--release', 'a-1', '--force')).code).toBe(0);
  });

  it('refuses other extensions, unknown releases and channels, and yanked releases', async () => {
    expect((await system.channelctl('promote', 'a', 'iso')).code).toBe(4);
    expect((await system.channelctl('promote', 'a', 'b', '--release', 'a-9')).code).toBe(6);
    expect((await system.channelctl('promote', 'a', 'nope')).code).toBe(6);
    expect((await system.channelctl('promote', 'b', 'a')).code).toBe(6);
    await system.channelctl('yank', 'a', 'a-2', '--reason', 'broken');
    expect((await system.channelctl('promote', 'a', 'b', '--release', 'a-2')).code).toBe(4);
  });

  it('does not let the other channel publish under the names of the first, and a promoted release is "already published" there', async () => {
    await system.channelctl('promote', 'a', 'b', '--release', 'a-2');
    expect(await publish('b', 'a-3', '--last-modified', '3000')).toMatchObject({ code: 4 });
    expect(await publish('b', 'a-2', '--last-modified', '2000')).toMatchObject({
      code: 0,
      out: expect.stringContaining('already published: a-2'),
    });
  });
});

describe('channelctl yank', () => {
  it('points the channel to the newest release that is not yanked, and keeps serving the yanked one', async () => {
    expect(await system.channelctl('yank', 'a', 'a-3', '--reason', 'breaks boot')).toMatchObject({
      code: 0,
      out: expect.stringContaining('yanked a-3: readers of a now get a-2 (was a-3)'),
    });
    expect((await location('a')).location).toBe(`${system.baseUrl}/permanent/a-2.tar.xz`);
    expect((await follow(`${system.baseUrl}/permanent/a-3.tar.xz`)).body).toEqual(tarball('a-3'));
    for (const name of ['show', 'history']) expect((await system.channelctl(name, 'a')).out).toContain('breaks boot');
    expect(await publish('a', 'a-3', '--last-modified', '3000')).toMatchObject({
      code: 4,
      err: expect.stringContaining('yanked'),
    });
    expect((await system.channelctl('rollback', 'a', '--to', 'a-3')).code).toBe(4);
  });

  it('leaves a channel without a release when all are yanked, until one yank is undone', async () => {
    const yank = async (release: string) => (await system.channelctl('yank', 'a', release, '--reason', 'all')).out;
    expect(await yank('a-1')).toContain('yanked a-1: readers of a still get a-3');
    expect(await yank('a-1')).toContain('nothing changed: a-1 is already yanked, and a points to a-3');
    expect(await yank('a-2')).toContain('yanked a-2: readers of a still get a-3');
    expect(await yank('a-3')).toContain('yanked a-3: a now has no release: readers get 404 (was a-3)');
    expect((await system.ask('/channel/a.tar.xz')).status).toBe(404);
    expect((await record('a')).latest).toBeNull();
    expect((await system.channelctl('yank', 'a', 'a-2', '--undo')).code).toBe(0);
    expect((await location('a')).location).toContain('a-2');
    expect(await system.channelctl('yank', 'a', 'a-2', '--undo')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing changed: a-2 is not yanked'),
    });
  });

  it('requires either a reason or --undo, and a release of the channel', async () => {
    expect((await system.channelctl('yank', 'a', 'a-3')).code).toBe(3);
    expect((await system.channelctl('yank', 'a', 'a-3', '--reason', 'x', '--undo')).code).toBe(3);
    expect((await system.channelctl('yank', 'a', 'a-9', '--reason', 'x')).code).toBe(6);
    expect((await system.channelctl('yank', 'a', 'a-3', '--reason', 'two\nlines')).code).toBe(3);
  });
});

describe('channelctl remove', () => {
  it('makes the channel answer 410, while its releases still answer and no new channel gets its name', async () => {
    expect(await system.channelctl('remove', 'a', '--yes')).toMatchObject({
      code: 0,
      out: expect.stringContaining('removed a: readers get 410'),
    });
    expect((await system.ask('/channel/a.tar.xz')).status).toBe(410);
    expect((await follow(`${system.baseUrl}/permanent/a-3.tar.xz`)).status).toBe(200);
    expect(JSON.parse(await system.read('channels.json'))).toMatchObject({
      channels: ['b', 'iso'],
      removed: ['gone', 'a'],
    });
    expect(await record('a')).toMatchObject({ latest: 'a-3', removed: { by: expect.stringContaining('user/local') } });
    expect((await system.channelctl('add', 'a')).code).toBe(4);
    expect((await publish('a', 'a-4')).code).toBe(6);
    expect(await system.channelctl('remove', 'a', '--yes')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing changed: a is already removed'),
    });
    expect((await system.channelctl('remove', 'nope', '--yes')).code).toBe(6);
  });

  it('is a usage error without a terminal and --yes, and removes nothing', async () => {
    const before = await system.read('channels.json');
    const { code, out, err } = await system.channelctl('remove', 'a');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^channelctl: Removing "a" needs a confirmation, .*--yes.*--dry-run[^\n]*\n$/);
    expect(await system.read('channels.json')).toBe(before);
    expect((await system.ask('/channel/a.tar.xz')).status).toBe(307);
  });
});

describe('channelctl restore', () => {
  it('undoes a removal: readers get the same release, and publishing works again', async () => {
    const before = await record('a');
    await system.channelctl('remove', 'a', '--yes');
    expect(await system.channelctl('restore', 'a')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^restored a: it points to a-3\nReaders see it within /),
    });
    expect((await location('a')).location).toBe(`${system.baseUrl}/permanent/a-3.tar.xz`);
    expect(await record('a')).toEqual({ ...before, serial: before.serial + 2, history: expect.anything() });
    expect((await publish('a', 'a-7', '--last-modified', '4000')).code).toBe(0);
    expect(await system.channelctl('restore', 'a')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing changed: a is not removed, and points to a-7'),
    });
    expect((await system.channelctl('restore', 'nope')).code).toBe(6);
  });
});

describe('channelctl history', () => {
  it('lists the newest change first, in pages', async () => {
    await system.channelctl('rollback', 'a');
    const page = JSON.parse((await system.channelctl('history', 'a', '--limit', '3', '--json')).out);
    expect(page.entries.map(({ action, release }: { action: string; release: string }) => [action, release])).toEqual([
      ['rollback', 'a-2'],
      ['publish', 'a-3'],
      ['publish', 'a-2'],
    ]);
    const rest = JSON.parse((await system.channelctl('history', 'a', '--after', page.next, '--json')).out);
    expect(rest.entries.map(({ action }: { action: string }) => action)).toEqual(['publish', 'add']);
    expect(rest.next).toBeUndefined();
    expect((await system.channelctl('history', 'a', '--after', 'nonsense')).code).toBe(3);
  });
});

describe('a dry run', () => {
  it.each([
    ['add', ['add', 'c']],
    ['publish', ['publish', 'a', 'PATH']],
    ['promote', ['promote', 'a', 'b']],
    ['rollback', ['rollback', 'a']],
    ['yank', ['yank', 'a', 'a-3', '--reason', 'x']],
    ['remove', ['remove', 'a']],
    ['restore', ['restore', 'gone']],
  ])('of %s says what would be done, and changes nothing', async (_, args) => {
    const path = join(system.directory, 'a-4.tar.xz');
    await writeFile(path, tarball('not published'));
    const logged = system.logged().length;
    const run = await system.channelctl(...args.map((arg) => (arg === 'PATH' ? path : arg)), '--dry-run');
    expect(run).toMatchObject({ code: 0, out: expect.stringMatching(/^dry run, nothing was changed: /) });
    expect(await texts()).toEqual(first);
    expect(system.logged().length).toBe(logged);
    expect((await system.ask('/permanent/a-4.tar.xz')).status).toBe(404);
  });

  it('is refused where the real run would be refused', async () => {
    expect((await system.channelctl('promote', 'a', 'iso', '--dry-run')).code).toBe(4);
    expect((await publish('a', 'b-1', '--dry-run')).code).toBe(4);
  });
});
