import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localPublisher, type RealStore } from '../../lib/local/local-settings.ts';
import { type BreakableProxy, breakableProxy } from '../support/breakable-proxy.ts';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.ts';
import { follow } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

const storeAt = (endpoint: string): RealStore => {
  const { region, ...keys } = localPublisher;
  const credentials = againstRealStore
    ? {
        accessKeyId: process.env.AWS_ACCESS_KEY_ID as string,
        secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY as string,
      }
    : keys;
  return { endpoint, region, credentials };
};

/** A system whose line to the bucket can be cut, and the one beside it that has the bucket. */
describe('the service, while the bucket does not answer,', () => {
  let bucket: TestSystem;
  let line: BreakableProxy;
  let system: TestSystem;

  beforeEach(async () => {
    bucket = await startTestSystem();
    line = await breakableProxy(bucket.endpoint);
    system = await startTestSystem({ bucket: bucket.bucket, store: storeAt(line.endpoint) });
    await bucket.lay('channels.json', { channels: ['demo', 'later'] });
    await bucket.lay('demo.json', { latest: 'demo-1' });
    await bucket.lay('later.json', { latest: 'later-1' });
    await bucket.lay('demo-1.tar.xz', 'the release');
    await writeFile(join(system.directory, 'demo-2.tar.xz'), tarball('the next release'));
  });
  afterEach(async () => {
    await line.break().catch(() => undefined);
    await system.close();
    await bucket.close();
  });

  it('serves what it knows and warns in the log, and answers 503 only for what it never loaded', async () => {
    const { headers } = await system.ask('/channel/demo.tar.xz');
    await system.ask('/permanent/demo-1.tar.xz');
    await line.break();
    const channel = await system.ask('/channel/demo.tar.xz');
    expect([channel.status, channel.headers.link]).toEqual([307, headers.link]);
    expect((await system.ask('/permanent/demo-1.tar.xz')).status).toBe(307);
    expect(system.logged()).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'stale', keys: ['channels.json', 'demo.json'] }),
    );
    const unknown = await system.ask('/channel/later.tar.xz');
    expect([unknown.status, unknown.text]).toEqual([503, expect.stringContaining('try again')]);
    expect((await system.ask('/channel/nope.tar.xz')).status).toBe(404);
    await line.mend();
    expect((await system.ask('/channel/later.tar.xz')).status).toBe(307);
  });

  it('answers 503 to everything when it never loaded anything', async () => {
    await line.break();
    for (const path of ['/channel/demo.tar.xz', '/channel/demo', '/permanent/demo-1.tar.xz', '/permanent/demo-1.iso'])
      expect((await system.ask(path)).status).toBe(503);
  });

  it('leaves no half of a release that was being published, and the same command works later', async () => {
    const before = await bucket.read('demo.json');
    await line.break();
    const path = join(system.directory, 'demo-2.tar.xz');
    const failed = await system.channelctl('publish', 'demo', path);
    expect(failed).toMatchObject({ code: 7, out: '' });
    const [last, ...waits] = failed.err.trimEnd().split('\n').reverse();
    expect(last).toMatch(/^channelctl: .*run the same command again/);
    for (const wait of waits) expect(wait).toMatch(/^waiting \d+ s to try again: .* answered 503$/);
    await line.mend();
    expect(await bucket.read('demo.json')).toBe(before);
    expect(await system.channelctl('publish', 'demo', path)).toMatchObject({
      code: 0,
      out: expect.stringContaining('published: demo-2'),
    });
    expect((await follow(`${system.baseUrl}/channel/demo.tar.xz`)).body).toEqual(tarball('the next release'));
  });
});

/** One answer ends in the middle, in a way that HTTP does not show. */
describe('the service, when an answer of the bucket is cut,', () => {
  let bucket: TestSystem;
  let proxy: CuttingProxy;
  let system: TestSystem;
  let skew = 0;

  beforeEach(async () => {
    skew = 0;
    bucket = await startTestSystem();
    proxy = await cuttingProxy(bucket.endpoint);
    const now = (): number => Date.now() + skew;
    system = await startTestSystem({ bucket: bucket.bucket, store: storeAt(proxy.endpoint) }, { now });
    await bucket.lay('channels.json', { channels: ['demo'] });
    await bucket.lay('demo.json', { latest: 'demo-1' });
  });
  afterEach(async () => {
    await system.close();
    await proxy.close();
    await bucket.close();
  });

  const location = async (): Promise<string | undefined> =>
    (await system.ask('/channel/demo.tar.xz')).headers.location?.split('/').at(-1);

  it.each(['demo.json', 'channels.json'])(
    'goes on with the last good %s, logs so, and reads the new one at the next request',
    async (key) => {
      expect(await location()).toBe('demo-1.tar.xz');
      await bucket.lay('demo.json', { latest: 'demo-2', previous: ['demo-1'] });
      await bucket.lay('channels.json', { channels: ['demo', 'new'] });
      proxy.cutNext(`/${key}`);
      expect(await location()).toBe(key === 'demo.json' ? 'demo-1.tar.xz' : 'demo-2.tar.xz');
      expect(system.logged()).toEqual([
        expect.objectContaining({ level: 'error', message: 'unreadable', key }),
        expect.objectContaining({ level: 'warn', message: 'stale', keys: [key] }),
      ]);
      skew = 5_000;
      proxy.asked.length = 0;
      expect(await location()).toBe('demo-2.tar.xz');
      const again = proxy.asked.filter(({ path }) => path.endsWith(`/${key}`));
      expect(again.map(({ knownEtag }) => knownEtag)).toEqual([undefined]);
      expect((await system.ask('/channel/new.tar.xz')).text).toContain('missing or damaged');
    },
  );

  it('says that a record is damaged that it never read before, and reads it at the next request', async () => {
    proxy.cutNext('/demo.json');
    const { status, text } = await system.ask('/channel/demo.tar.xz');
    expect([status, text]).toEqual([404, expect.stringContaining('missing or damaged')]);
    expect(await location()).toBe('demo-1.tar.xz');
  });
});
