import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ChannelApi } from '../../../../lib/client/api/channel-api.ts';
import type { Send } from '../../../../lib/client/api/http.ts';
import { publishDemo } from '../../../../lib/client/publish/publish-demo.ts';
import { contentReleaseName, publishFile, releaseName } from '../../../../lib/client/publish/publish-file.ts';
import { apiSend, bodyOf } from '../../../support/api-send.ts';
import { md5, sha256 } from '../../../support/memory-bucket.ts';
import { type PublishRig, publishRig } from '../../../support/publish-rig.ts';
import { tarball } from '../../../support/tarball.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

describe('publishFile', () => {
  const directory = temporaryDirectory();
  afterAll(() => directory.remove());

  const partSize = 16 * 1024 ** 2;
  const credentials = async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' });

  function clientOf(rig: PublishRig, send: Send) {
    const { sleep } = rig.clock;
    const steps: [string, number][] = [];
    const progress = {
      begin: (what: string, total: number) => void steps.push([what, total]),
      bytes: (done: number) => void steps.push(['at', done]),
      end: () => void steps.push(['end', 0]),
    };
    const api = { url: 'https://api.test', region: 'us-east-1', credentials, send, sleep };
    const environment = { XDG_STATE_HOME: directory.path };
    const client = { api: new ChannelApi(api), send, sleep, progress, environment, now: rig.clock.now, note: () => {} };
    return {
      steps,
      api,
      publish: (path: string, more: object = {}) =>
        publishFile(client, {
          channel: 'demo',
          path,
          name: undefined,
          facts: {},
          force: false,
          dryRun: false,
          ...more,
        }),
    };
  }

  async function rigWith(send?: (rig: PublishRig, usual: Send) => Send) {
    const rig = publishRig();
    await rig.add('demo', { fileExtension: '.iso' });
    const { send: usual, requests } = apiSend(rig);
    return { rig, requests, ...clientOf(rig, send?.(rig, usual) ?? usual) };
  }

  describe('publishing a file', () => {
    it('sends a file of several parts, and tells how far it is', async () => {
      const { rig, publish, steps, requests } = await rigWith();
      const size = partSize + 3;
      const path = directory.file('demo-1.iso', Buffer.alloc(size, 'x'));
      expect(await publish(path, { facts: { lastModified: 7 } })).toMatchObject({
        release: 'demo-1',
        fresh: true,
        latest: true,
      });
      expect(rig.bucket.objects.get('demo-1.iso')?.size).toBe(size);
      expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(2);
      expect(steps.filter(([what]) => what !== 'at')).toEqual([
        ['hashing', size],
        ['end', 0],
        ['uploading', size],
        ['end', 0],
      ]);
      expect(steps.at(-2)).toEqual(['at', size]);
    });

    it('tells how far the packing of a directory is', async () => {
      const { rig, publish, steps } = await rigWith();
      await rig.add('packed', { fileExtension: '.tar' });
      mkdirSync(join(directory.path, 'packed'));
      directory.file('packed/a', 'x'.repeat(300_000));
      directory.file('packed/b', 'word');
      const { release } = await publish(join(directory.path, 'packed'), { channel: 'packed' });
      const size = rig.bucket.objects.get(`${release}.tar`)?.size;
      const packing = steps.slice(
        0,
        steps.findIndex(([what]) => what === 'end'),
      );
      expect(packing.slice(0, 2)).toEqual([
        ['packing', 300_004],
        ['at', 0],
      ]);
      expect(packing.length).toBeGreaterThan(3);
      expect(packing.at(-1)).toEqual(['at', 300_004]);
      expect(steps.filter(([what]) => what !== 'at').slice(1, 3)).toEqual([
        ['end', 0],
        ['hashing', size],
      ]);
    });

    const narHash = `sha256-${'A'.repeat(43)}=`;
    const rev = '0'.repeat(40);

    it('without a look only hashes the file, and records the facts that were given and nothing about the archive', async () => {
      const { rig, publish, steps } = await rigWith();
      await rig.add('checked', { fileExtension: '.tar.bz2' });
      const bytes = 'not an archive, and no bzip2 is on the PATH';
      const facts = { rev, lastModified: 7, narHash };
      const published = await publish(directory.file('checked-1.tar.bz2', bytes), {
        channel: 'checked',
        facts,
        look: false,
      });
      expect(steps[0]).toEqual(['hashing', bytes.length]);
      expect(published).not.toHaveProperty('warnings');
      expect(rig.bucket.json('checked.json').facts).toMatchObject({ ...facts, sha256: sha256(bytes) });
      expect(rig.bucket.json('checked.json')).not.toHaveProperty('archives');
      expect(published).toMatchObject({
        snippets: [
          { use: 'flake input', text: expect.stringContaining('# if it has a flake.nix, remove') },
          { use: 'fetchTarball', text: expect.stringContaining(narHash) },
        ],
      });
    });

    it('with a look refuses an archive with another narHash than the given one', async () => {
      const { rig, publish } = await rigWith();
      await rig.add('checked', { fileExtension: '.tar' });
      const path = directory.file('checked-2.tar', tarball('word'));
      await expect(publish(path, { channel: 'checked', facts: { narHash } })).rejects.toThrow(
        new RegExp(
          `checked-2\\.tar has the narHash sha256-\\S+, not ${narHash.replace('+', '\\+')} as --nar-hash says`,
        ),
      );
      expect(rig.bucket.objects.has('checked-2.tar')).toBe(false);
    });

    it('refuses a directory without a look', async () => {
      const { publish } = await rigWith();
      await expect(publish(directory.path, { look: false })).rejects.toThrow(
        /is a directory: --no-look is only for files/,
      );
    });

    it('tells the MD5 where the bucket needs it to compare', async () => {
      const { rig, publish } = await rigWith();
      rig.bucket.put('demo-1.iso', 'of other tools');
      const path = directory.file('demo-1.iso', 'of other tools');
      expect(rig.bucket.objects.get('demo-1.iso')?.etag).toBe(`"${md5('of other tools')}"`);
      expect(await publish(path)).toMatchObject({ fresh: true, latest: true });
    });

    it('begins a new upload where the one before was lost', async () => {
      let lost = 0;
      const { rig, publish, requests } = await rigWith((made, usual) => async (exchange) => {
        if (exchange.url.pathname.endsWith('/releases') && lost < 2) {
          lost += 1;
          made.bucket.uploads.clear();
        }
        return usual(exchange);
      });
      expect(await publish(directory.file('demo-1.iso', 'bytes'))).toMatchObject({ fresh: true });
      expect(requests.filter((request) => request.endsWith('/uploads'))).toHaveLength(3);
      expect(rig.bucket.json('demo.json').latest).toBe('demo-1');
    });

    it('gives up where three uploads were lost', async () => {
      const { publish, requests } = await rigWith((made, usual) => async (exchange) => {
        if (exchange.url.pathname.endsWith('/releases')) made.bucket.uploads.clear();
        return usual(exchange);
      });
      await expect(publish(directory.file('demo-1.iso', 'bytes'))).rejects.toMatchObject({ code: 'upload-gone' });
      expect(requests.filter((request) => request.endsWith('/uploads'))).toHaveLength(3);
    });

    it('asks for new URLs where the old ones have expired', async () => {
      let expired = true;
      const { publish, requests } = await rigWith((_, usual) => async (exchange) => {
        if (exchange.method !== 'PUT' || !expired) return usual(exchange);
        expired = false;
        await bodyOf(exchange);
        return { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
      });
      await publish(directory.file('demo-1.iso', 'bytes'));
      expect(requests.some((request) => /^GET .*\/uploads\/[0-9a-f-]{36}$/.test(request))).toBe(true);
    });

    it('does not send a part again that arrived though its answer was lost', async () => {
      const sent: (string | null)[] = [];
      let asked = () => {};
      const secondMayGo = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const { publish } = await rigWith((_, usual) => async (exchange) => {
        const { method, url } = exchange;
        const partNumber = url.searchParams.get('partNumber');
        if (partNumber === '2') await secondMayGo;
        const result = await usual(exchange);
        if (method === 'GET' && url.pathname.includes('/uploads/')) asked();
        if (method !== 'PUT') return result;
        sent.push(partNumber);
        if (partNumber === '2') return result;
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      });
      const path = directory.file('demo-1.iso', Buffer.alloc(partSize + 3, 'x'));
      expect(await publish(path)).toMatchObject({ fresh: true });
      expect(sent).toEqual(['1', '2']);
    });

    it('publishes nothing of a file that changed while it was uploaded', async () => {
      const path = directory.file('demo-1.iso', 'first bytes');
      const { rig, publish } = await rigWith((_, usual) => async (exchange) => {
        if (exchange.url.pathname.endsWith('/uploads')) writeFileSync(path, 'other bytes');
        return usual(exchange);
      });
      await expect(publish(path)).rejects.toMatchObject({
        message: expect.stringContaining('changed while it was uploaded'),
      });
      expect(rig.bucket.json('demo.json').latest).toBeNull();
    });

    it('publishes what was declared of a file that grew while it was sent', async () => {
      const path = directory.file('demo-1.iso', 'bytes');
      const { rig, publish } = await rigWith((_, usual) => async (exchange) => {
        if (exchange.url.pathname.endsWith('/uploads')) appendFileSync(path, ' and more');
        return usual(exchange);
      });
      await publish(path);
      expect(rig.bucket.objects.get('demo-1.iso')?.metadata.sha256).toBe(sha256('bytes'));
    });
  });

  describe('the demo', () => {
    it('is published once', async () => {
      const rig = publishRig();
      const { send, requests } = apiSend(rig);
      const { api } = clientOf(rig, send);
      const demo = { api, channel: 'demo', path: directory.file('demo-7.tar.xz', tarball('demo', 7)), environment: {} };
      await publishDemo(demo);
      expect(rig.bucket.json('demo.json')).toMatchObject({ latest: 'demo-7', facts: { lastModified: 7 } });
      requests.length = 0;
      await publishDemo(demo);
      expect(requests).toEqual(['GET /publish/channels/demo']);
    });

    it('goes into a channel that is there and empty', async () => {
      const rig = publishRig();
      await rig.add('demo');
      const { api } = clientOf(rig, apiSend(rig).send);
      await publishDemo({
        api,
        channel: 'demo',
        path: directory.file('demo-7.tar.xz', tarball('demo', 7)),
        environment: {},
      });
      expect(rig.bucket.json('demo.json').latest).toBe('demo-7');
    });

    it('fails with what the API says', async () => {
      const rig = publishRig();
      rig.bucket.put('channels.json', '{');
      const { api } = clientOf(rig, apiSend(rig).send);
      const demo = { api, channel: 'demo', path: 'none', environment: {} };
      await expect(publishDemo(demo)).rejects.toMatchObject({ code: 'damaged' });
    });
  });
});

describe('the name of a release', () => {
  it.each([
    ['the name of the file', '/a/b/demo-1.tar.xz', '.tar.xz', undefined, 'demo-1'],
    ['the name of the file with another extension', 'image-1.iso', '.iso', undefined, 'image-1'],
    ['the name that is given', 'result.tar.xz', '.tar.xz', 'demo-1', 'demo-1'],
  ])('is %s', (_, path, extension, given, name) => {
    expect(releaseName(path, extension, given)).toBe(name);
  });

  it.each([
    ['a file of another extension', 'demo-1.tar.gz', '.tar.xz', undefined, 'file', 'take'],
    ['a file of another extension, though a name is given', 'demo-1.tar.gz', '.tar.xz', 'demo-1', 'file', 'take'],
    ['a file that is an extension alone', '.tar.xz', '.tar.xz', undefined, 'file', 'must not be empty'],
    ['a file whose name is none', 'my file.tar.xz', '.tar.xz', undefined, 'file', 'must contain only'],
    ['a file with two extensions', 'a.tar.gz.tar.xz', '.tar.xz', undefined, 'file', 'must not end in ".tar.gz"'],
    ['a given name that is none', 'a.tar.xz', '.tar.xz', 'a/b', 'name', 'must contain only'],
  ])('is not accepted as %s', (_, path, extension, given, field, sentence) => {
    expect(() => releaseName(path, extension, given)).toThrow(
      expect.objectContaining({ field, message: expect.stringContaining(sentence) }),
    );
  });
});

describe('the name of a packed directory', () => {
  const narHash = `sha256-${Buffer.alloc(32, 0xab).toString('base64')}`;

  it('has the date and the beginning of the rev', () => {
    const facts = { rev: '0123456789'.repeat(4), lastModified: 1_747_267_200 };
    expect(contentReleaseName('demo', { ...facts, narHash })).toBe('demo-2025-05-15-0123456');
  });

  it('does not look like that of a commit without a rev', () => {
    expect(contentReleaseName('demo', { lastModified: 0, narHash })).toBe('demo-1970-01-01-nar-abababa');
  });

  it('has the hash of the file where neither the rev nor the narHash is known, and no date where there is none', () => {
    expect(contentReleaseName('demo', { sha256: '0123456789abcdef'.repeat(4) })).toBe('demo-sha256-0123456789ab');
  });
});
