import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tarball } from '../support/tarball.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

let system: TestSystem;

const publish = async (channel: string, name: string) => {
  const path = join(system.directory, `${name}.tar.xz`);
  await writeFile(path, tarball(name));
  return system.channelctl('publish', channel, path);
};
const permanent = (release: string, method = 'GET') => system.ask(`/permanent/${release}.tar.xz`, { method });

beforeEach(async () => {
  system = await startTestSystem();
  for (const channel of ['a', 'b']) await system.channelctl('add', channel);
  for (const number of [1, 2, 3, 4]) await publish('a', `a-${number}`);
});
afterEach(() => system.close());

describe('the life of a release', () => {
  it('is published, retired, taken back, retired again, and gone', async () => {
    expect((await permanent('a-1')).status).toBe(307);
    const retire = ['retire', 'a', 'a-1', '--reason', 'It does not boot', '--instead', 'a-3'];
    expect(await system.channelctl(...retire)).toMatchObject({ code: 2, err: expect.stringContaining('add --yes') });
    const { code, out } = await system.channelctl(...retire, '--yes');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^a-1 {2}\d{4}-\d\d-\d\d {2}[\d.]+ \w+\n1 release, [\d.]+ \w+\nretired a-1 of a: readers get 410\n/,
    );
    for (const method of ['GET', 'HEAD']) expect((await permanent('a-1', method)).status).toBe(410);
    expect((await permanent('a-1')).text).toMatch(
      /^The release "a-1" was retired on \d{4}-\d\d-\d\d: It does not boot\. Use "a-3" instead: http:\S+\/permanent\/a-3\.tar\.xz\n$/,
    );
    const { releases } = JSON.parse((await system.ask('/channel/a.json')).text);
    expect(releases.at(-1)).toMatchObject({ release: 'a-1', retired: { reason: 'It does not boot', instead: 'a-3' } });

    expect((await system.channelctl('rollback', 'a', '--to', 'a-1')).err).toMatch(
      /"a-1" was retired from this channel/,
    );
    expect((await publish('a', 'a-1')).code).toBe(4);
    expect((await system.channelctl('promote', 'a', 'b', '--release', 'a-1')).code).toBe(4);

    expect((await system.channelctl('retire', 'a', 'a-1', '--undo')).out).toMatch(/^a-1 of a is available again\n/);
    expect((await permanent('a-1')).status).toBe(307);

    expect((await system.channelctl(...retire, '--yes')).code).toBe(0);
    await system.channelctl('takedown', 'a', 'a-1', '--reason', 'withdrawn', '--yes');
    expect((await permanent('a-1')).text).toMatch(/was taken down on .*: withdrawn\. The newest release is at/);
    await expect(system.read('a-1.tar.xz')).rejects.toThrow();
    const doctor = JSON.parse((await system.channelctl('doctor', 'bucket', '--json')).out);
    expect(JSON.stringify(doctor)).not.toMatch(/previous-missing|a-1/);
  });

  it('that another channel has is held by it, until both have given it up', async () => {
    await system.channelctl('promote', 'a', 'b', '--release', 'a-2');
    await system.channelctl('promote', 'a', 'b', '--release', 'a-4');
    const retire = (channel: string, ...more: string[]) =>
      system.channelctl('retire', channel, 'a-2', '--reason', 'old', '--yes', ...more);
    expect(await retire('a')).toMatchObject({ code: 4, err: expect.stringContaining('also a release of "b"') });
    expect((await retire('a', '--shared')).code).toBe(0);
    expect((await permanent('a-2')).status).toBe(307);
    expect((await retire('b')).code).toBe(0);
    expect((await permanent('a-2')).status).toBe(410);
  });
});

describe('a takedown', () => {
  it('of the latest release moves every channel that has it, and deletes the object', async () => {
    await system.channelctl('promote', 'a', 'b', '--release', 'a-4');
    const { code, out } = await system.channelctl('takedown', 'a', 'a-4', '--reason', 'withdrawn', '--yes');
    expect(out).toMatch(
      /^took down a-4: readers get 410\na points to a-3\nb has no release: readers get 404\ndeleted 1 version of "a-4\.tar\.xz" from the bucket/,
    );
    expect(code).toBe(0);
    expect((await permanent('a-4')).status).toBe(410);
    expect((await system.ask('/channel/a.tar.xz')).headers.location).toMatch(/a-3\.tar\.xz$/);
    expect((await system.ask('/channel/b.tar.xz')).status).toBe(404);
    await expect(system.read('a-4.tar.xz')).rejects.toThrow();
    expect(system.logged().filter(({ message }) => message === 'takedown')).toMatchObject([
      { channel: 'a', release: 'a-4', reason: 'withdrawn', to: 'a-3' },
      { channel: 'b', release: 'a-4', reason: 'withdrawn', to: null },
    ]);
    expect((await publish('a', 'a-4')).code).toBe(4);
  });

  it('again deletes what is left, and says that it was taken down already', async () => {
    await system.channelctl('takedown', 'a', 'a-4', '--reason', 'withdrawn', '--yes');
    if (!againstRealStore) await system.lay('a-4.tar.xz', 'as if it had been locked');
    const { code, out } = await system.channelctl('takedown', 'a', 'a-4', '--reason', 'withdrawn', '--yes');
    expect([code, out]).toEqual([0, expect.stringMatching(/^already taken down: a-4: readers get 410\n/)]);
    await expect(system.read('a-4.tar.xz')).rejects.toThrow();
  });
});
