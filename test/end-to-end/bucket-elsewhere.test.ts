import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PartChecksum } from '../../lib/domain/store.ts';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { type RunningS3, startS3 } from '../../lib/local/s3/server.ts';
import { type CountingProxy, countingProxy } from '../support/counting-proxy.ts';
import { follow } from '../support/raw-request.ts';
import { role, type SecretsManager, startSecretsManager } from '../support/secrets-manager.ts';
import { tarball } from '../support/tarball.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

const region = 'fsn1';

const published = { code: 0, out: expect.stringContaining('published: ') };

async function publish(system: TestSystem, release: string) {
  const path = join(system.directory, `${release}.tar.xz`);
  await writeFile(path, tarball(release));
  return system.channelctl('publish', 'demo', path);
}

describe('a bucket whose keys are in a secret', () => {
  const keys = new Map<string, string>();
  let data: TemporaryDirectory;
  let s3: RunningS3;
  let secrets: SecretsManager;
  let system: TestSystem;
  let passed = 0;

  /** Other keys in the secret, and none but these at the store. */
  const replaceKeys = (accessKeyId: string): void => {
    const secretAccessKey = `hidden-${accessKeyId}`;
    secrets.value = JSON.stringify({ accessKeyId, secretAccessKey });
    keys.clear();
    keys.set(accessKeyId, secretAccessKey);
  };

  const start = (): Promise<TestSystem> =>
    startTestSystem(
      {
        store: {
          endpoint: `http://localhost:${s3.port}`,
          region,
          credentials: role,
          secret: { secret: secrets.secret, endpoint: secrets.endpoint },
        },
      },
      { now: () => Date.now() + passed },
    );

  beforeEach(async () => {
    passed = 0;
    data = temporaryDirectory();
    secrets = await startSecretsManager();
    s3 = await startS3({
      dataDir: data.path,
      hosts: ['127.0.0.1', '::1'],
      port: 0,
      region,
      credentials: (id) => keys.get(id),
    });
    replaceKeys('first');
    system = await start();
    expect((await system.channelctl('add', 'demo')).code).toBe(0);
    expect(await publish(system, 'demo-1')).toMatchObject(published);
  });
  afterEach(async () => {
    await system.close();
    await s3.close();
    await secrets.close();
    data.remove();
  });

  it('serves readers and publishers with the keys of the secret, which is read once', async () => {
    expect((await follow(`${system.baseUrl}/channel/demo.tar.xz`)).body).toEqual(tarball('demo-1'));
    expect(secrets.asked()).toBe(1);
  });

  it.each([
    ['a reader of a channel', '/channel/demo.tar.xz', 'GET'],
    ['a reader of a release that was never asked for', '/permanent/demo-1.tar.xz', 'HEAD'],
  ])('goes on serving %s when the keys are replaced', async (_, path, method) => {
    if (method === 'GET') await follow(system.baseUrl + path);
    replaceKeys('second');
    expect((await system.ask(path, { method })).status).toBe(method === 'GET' ? 307 : 200);
    expect((await follow(`${system.baseUrl}/permanent/demo-1.tar.xz`)).body).toEqual(tarball('demo-1'));
    expect(secrets.asked()).toBe(2);
  });

  it('hands out no URL that replaced keys signed', async () => {
    const location = async () => (await system.ask('/permanent/demo-1.tar.xz')).headers.location ?? '';
    const first = await location();
    expect(await location()).toBe(first);
    replaceKeys('second');
    await system.ask('/channel/demo.tar.xz');
    expect(new URL(await location()).searchParams.get('X-Amz-Credential')).toMatch(/^second\//);
    expect((await follow(`${system.baseUrl}/permanent/demo-1.tar.xz`)).status).toBe(200);
  });

  it('goes on serving publishers each time that the keys are replaced', async () => {
    replaceKeys('second');
    expect(await publish(system, 'demo-2')).toMatchObject(published);
    passed += 61_000;
    replaceKeys('third');
    expect(await publish(system, 'demo-3')).toMatchObject(published);
    expect((await follow(`${system.baseUrl}/channel/demo.tar.xz`)).body).toEqual(tarball('demo-3'));
  });

  it('reads the secret at most once a minute, however often the store refuses', async () => {
    keys.clear();
    for (let count = 0; count < 5; count += 1) await system.ask('/permanent/demo-9.tar.xz');
    expect(secrets.asked()).toBe(2);
    expect((await system.ask('/permanent/demo-9.tar.xz')).status).toBe(503);
  });

  it('never has a key in the log', async () => {
    replaceKeys('second');
    await follow(`${system.baseUrl}/channel/demo.tar.xz`);
    keys.clear();
    await system.ask('/permanent/demo-9.tar.xz');
    expect(system.logged()).toContainEqual(expect.objectContaining({ message: 'keys renewed', accessKeyId: 'second' }));
    expect(JSON.stringify(system.logged())).not.toMatch(/hidden-|secret of the role|Signature=/);
  });
});

describe('a bucket whose store does not honour conditional writes', () => {
  let data: TemporaryDirectory;
  let s3: RunningS3;
  const store = () => ({
    endpoint: `http://localhost:${s3.port}`,
    region,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  });

  beforeAll(async () => {
    data = temporaryDirectory();
    s3 = await startS3({
      dataDir: data.path,
      hosts: ['127.0.0.1', '::1'],
      port: 0,
      region,
      credentials: (id) => (id === 'key' ? 'secret' : undefined),
      conditionalWrites: false,
    });
  });
  afterAll(async () => {
    await s3.close();
    data.remove();
  });

  it('is not written to, and the publisher learns what the store did', async () => {
    const system = await startTestSystem({ store: store() });
    try {
      const { code, err } = await system.channelctl('add', 'demo');
      expect(code).toBe(4);
      expect(err).toMatch(/^channelctl: Nothing was written: .*If-None-Match.* 200, .*If-Match.* 200, .*"serialised"/);
      expect((await system.channelctl('list')).out).not.toContain('demo');
      await system.lay('channels.json', { channels: ['demo'] });
      await system.lay('demo.json', { latest: 'demo-1', previous: [] });
      expect(await publish(system, 'demo-2')).toMatchObject({
        code: 4,
        err: expect.stringContaining('Nothing was written'),
      });
      expect(JSON.parse(await system.read('demo.json'))).toEqual({ latest: 'demo-1', previous: [] });
    } finally {
      await system.close();
    }
  });

  it('loses no release of twenty publishers at once where writes are serialised', async () => {
    const system = await startTestSystem({ store: store(), conditionalWrites: 'serialised' }, { hurry: 20 });
    try {
      expect((await system.channelctl('add', 'demo')).code).toBe(0);
      const releases = Array.from({ length: 20 }, (_, number) => `demo-${number + 1}`);
      // A machine under load may use up what a publisher waits; it is then told to run the same command again.
      const patiently = async (release: string) => {
        for (;;) {
          const run = await publish(system, release);
          if (run.code !== 7) return run;
        }
      };
      const runs = await Promise.all(releases.map(patiently));
      expect(runs.map(({ code, err }) => (code === 0 ? 0 : err))).toEqual(releases.map(() => 0));
      const { latest, previous, history } = JSON.parse(await system.read('demo.json'));
      expect([latest, ...previous].sort()).toEqual([...releases].sort());
      expect(history.filter(({ action }: { action: string }) => action === 'publish')).toHaveLength(20);
    } finally {
      await system.close();
    }
  }, 300_000);

  it('refuses other bytes under a used name where writes are serialised', async () => {
    const system = await startTestSystem({ store: store(), conditionalWrites: 'serialised' });
    try {
      await system.channelctl('add', 'demo');
      expect(await publish(system, 'demo-1')).toMatchObject(published);
      const path = join(system.directory, 'demo-1.tar.xz');
      await writeFile(path, tarball('other bytes'));
      expect((await system.channelctl('publish', 'demo', path)).code).toBe(4);
      expect((await follow(`${system.baseUrl}/permanent/demo-1.tar.xz`)).body).toEqual(tarball('demo-1'));
    } finally {
      await system.close();
    }
  });
});

describe('a bucket whose store takes no SHA-256 with a part', () => {
  let bucket: TestSystem;
  let line: CountingProxy;
  const start = (partChecksum: PartChecksum): Promise<TestSystem> => {
    const { region: local, ...own } = localPublisher;
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env;
    const credentials = againstRealStore ? { accessKeyId, secretAccessKey } : own;
    const store = { endpoint: line.endpoint, region: local, credentials };
    return startTestSystem({ bucket: bucket.bucket, store, partChecksum });
  };

  beforeAll(async () => {
    bucket = await startTestSystem();
    line = await countingProxy(bucket.endpoint);
    line.takesSha256 = false;
  });
  afterAll(async () => {
    await line.close();
    await bucket.close();
  });

  it('is not written to where parts are checked by SHA-256, and the publisher learns why', async () => {
    const system = await start('sha256');
    try {
      expect(await system.channelctl('add', 'refused', '--file-extension', '.iso')).toMatchObject({
        code: 4,
        err: expect.stringMatching(/Taking a part with its SHA-256 was answered 501.*partChecksum to "md5"/),
      });
    } finally {
      await system.close();
    }
  });

  it('takes releases where each part is checked by its MD5, and no other bytes', async () => {
    const system = await start('md5');
    try {
      expect((await system.channelctl('add', 'image', '--file-extension', '.iso')).code).toBe(0);
      const bytes = randomBytes(16 * 1024 ** 2 + 7);
      const path = join(system.directory, 'image-1.iso');
      await writeFile(path, bytes);
      line.onPart = (partNumber) => (partNumber === 2 ? 'alter' : 'pass');
      expect((await system.channelctl('publish', 'image', path)).code).not.toBe(0);
      expect(line.parts).toEqual([1]);
      line.onPart = () => 'pass';
      const { code, err } = await system.channelctl('publish', 'image', path);
      expect([code, err]).toEqual([0, expect.stringContaining('continuing an interrupted upload: 1 parts')]);
      expect(line.parts).toEqual([1, 2]);
      expect((await follow(`${system.baseUrl}/permanent/image-1.iso`)).body.equals(bytes)).toBe(true);
    } finally {
      await system.close();
    }
  });
});
