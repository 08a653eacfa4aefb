import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { type BreakableProxy, breakableProxy } from '../support/breakable-proxy.ts';
import { follow } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

/** A system whose line to the bucket can be cut, and the one beside it that has the bucket. */
describe('when the bucket is away', () => {
  let bucket: TestSystem;
  let line: BreakableProxy;
  let system: TestSystem;

  beforeEach(async () => {
    bucket = await startTestSystem();
    line = await breakableProxy(bucket.endpoint);
    const { region, ...keys } = localPublisher;
    const credentials = againstRealStore
      ? {
          accessKeyId: process.env.AWS_ACCESS_KEY_ID as string,
          secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY as string,
        }
      : keys;
    system = await startTestSystem({ bucket: bucket.bucket, store: { endpoint: line.endpoint, region, credentials } });
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

  it('leaves nothing half done of a publish, and the same command works later', async () => {
    const before = await bucket.read('demo.json');
    await line.break();
    const path = join(system.directory, 'demo-2.tar.xz');
    const failed = await system.channelctl('publish', 'demo', path);
    expect(failed).toMatchObject({ code: 7, out: '' });
    expect(failed.err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^channelctl: .*run the same command again/),
    ]);
    await line.mend();
    expect(await bucket.read('demo.json')).toBe(before);
    expect(await system.channelctl('publish', 'demo', path)).toMatchObject({
      code: 0,
      out: expect.stringContaining('published: demo-2'),
    });
    expect((await follow(`${system.baseUrl}/channel/demo.tar.xz`)).body).toEqual(tarball('the next release'));
  });
});
