import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tarball } from '../support/tarball.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

const day = 86_400_000;
let system: TestSystem;

/** Signatures and real stores have the time of this machine. So what the record says moves into the past instead. */
async function daysLater(days: number): Promise<void> {
  const moved = (await system.read('demo.json')).replaceAll(/"(at|until)": "([^"]+)"/g, (_, key, time) => {
    const earlier = new Date(Date.parse(time) - days * day).toISOString();
    return `"${key}": "${earlier}"`;
  });
  await system.lay('demo.json', moved);
}

const ask = async (release: string) => (await system.ask(`/permanent/${release}.tar.xz`)).status;
const isStored = (release: string): Promise<boolean> =>
  system.s3.send(new HeadObjectCommand({ Bucket: system.bucket, Key: `${release}.tar.xz` })).then(
    () => true,
    () => false,
  );
const channelctl = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await system.channelctl(...args);
  if (code !== 0) throw new Error(`channelctl ${args.join(' ')}: ${err}`);
  return out;
};
const logged = (message: string) => system.logged().filter((line) => line.message === message);
const tagsOf = async (release: string) =>
  (await system.s3.send(new GetObjectTaggingCommand({ Bucket: system.bucket, Key: `${release}.tar.xz` }))).TagSet;

beforeAll(async () => {
  system = await startTestSystem({ retiredDays: 7 });
  await channelctl('add', 'demo');
  for (const release of ['demo-1', 'demo-2', 'demo-3', 'demo-4']) {
    const path = join(system.directory, `${release}.tar.xz`);
    await writeFile(path, tarball(`${release} ${randomUUID()}`));
    await channelctl('publish', 'demo', path);
    await daysLater(10);
  }
});
afterAll(() => system.close());

describe('the life of a release under a policy', () => {
  it('comes to its grace time when the policy no longer keeps it', async () => {
    expect(await channelctl('set', 'demo', '--retain', '2,15d')).toContain(
      'policy: keeps the newest 2 releases and those of 15 days\n',
    );
    await system.measure();

    expect(logged('retire').map(({ release }) => release)).toEqual(['demo-1', 'demo-2']);
    expect(await channelctl('history', 'demo')).toMatch(
      /retire .*by schedule: The policy of this channel keeps its newest 2 /,
    );
    expect(await isStored('demo-1')).toBe(true);
    for (const release of ['demo-1', 'demo-2']) expect(await ask(release)).toBe(410);
    expect(await ask('demo-3')).toBe(307);
    expect(await ask('demo-4')).toBe(307);
  });

  it('ends when the grace time is over: the object is handed to the lifecycle, which deletes it', async () => {
    await daysLater(6.9);
    await system.measure();
    expect(logged('expire')).toEqual([]);
    expect(await isStored('demo-1')).toBe(true);

    await daysLater(0.2);
    await system.measure();
    expect(
      logged('expire')
        .map(({ release, object }) => [release, object])
        .sort(),
    ).toEqual([
      ['demo-1', 'tagged'],
      ['demo-2', 'tagged'],
    ]);
    if (againstRealStore) expect(await tagsOf('demo-1')).toEqual([{ Key: 'kind', Value: 'retired' }]);
    else for (const release of ['demo-1', 'demo-2']) expect(await isStored(release)).toBe(false);
    for (const release of ['demo-3', 'demo-4']) expect(await isStored(release)).toBe(true);
    for (const release of ['demo-1', 'demo-2']) expect(await ask(release)).toBe(410);
    expect(await ask('demo-4')).toBe(307);
    expect((await system.channelctl('retire', 'demo', 'demo-1', '--undo')).err).toContain(
      'its object is gone or going',
    );
  });

  it('is over for ever: the record still has it, and the next runs find nothing to do', async () => {
    const before = await system.read('demo.json');
    const { previous, retired } = JSON.parse(before);
    expect(previous).toEqual(['demo-1', 'demo-2', 'demo-3']);
    expect(retired['demo-1']).toMatchObject({ by: 'schedule', removed: expect.any(String) });
    expect(retired['demo-1']).not.toHaveProperty('untagged');
    await system.measure();
    expect(await system.read('demo.json')).toBe(before);
    for (const release of ['demo-3', 'demo-4']) expect(await isStored(release)).toBe(true);
    expect(system.logged().filter(({ level }) => level === 'error')).toEqual([]);
  });
});
