import { describe, expect, it } from '@jest/globals';
import type { ChannelDocument } from '../../../../lib/api/reading.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';
import { base, channelMaxAge, type ServeRig, serveRig } from '../../../support/serve-rig.ts';

const key = 'facts/demo.json';
const rev = '0a'.repeat(20);
const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
const sha256 = 'ab'.repeat(32);
const shared = { rev, revCount: 7, lastModified: 1767225600, narHash, sha256 };
const stored = (release: string) => ({ etag: `"${release}"`, size: release.length, ...shared });

/** The warm service of a channel with 60 releases, of which all but the oldest have their facts. */
async function warmRig(latestFacts: object = { ...stored('demo-60') }): Promise<ServeRig> {
  const bucket = new MemoryBucket();
  const previous = Array.from({ length: 59 }, (_, place) => `demo-${place + 1}`);
  bucket.putJson('channels.json', { channels: ['demo'], public: [], removed: [] });
  bucket.putJson('demo.json', { latest: 'demo-60', previous, facts: { release: 'demo-60', ...latestFacts } });
  bucket.putJson(key, { releases: Object.fromEntries(previous.slice(1).map((name) => [name, stored(name)])) });
  bucket.put('demo-60.tar.xz', 'latest!', { rev }, '"demo-60"');
  const rig = serveRig({ bucket });
  await rig.serve.warm();
  return rig;
}

const read = async ({ get }: ServeRig, target = '/channel/demo.json'): Promise<ChannelDocument> =>
  JSON.parse((await get(target)).body);

describe('the facts of earlier releases', () => {
  it('are in the JSON of the channel, for each release that has them', async () => {
    const { releases, latest } = await read(await warmRig());
    expect(latest).toEqual({ release: 'demo-60', url: `${base}/permanent/demo-60.tar.xz`, size: 7, ...shared });
    expect(releases[0]).toEqual(latest);
    expect(releases[1]).toEqual({
      release: 'demo-59',
      url: `${base}/permanent/demo-59.tar.xz`,
      size: 7,
      ...shared,
    });
    expect(releases.map(({ size }) => size).slice(-2)).toEqual([6, undefined]);
    expect(JSON.stringify(releases)).not.toContain('etag');
  });

  it('cost a page one request that was not kept, and the next page none', async () => {
    const rig = await warmRig();
    const browser = { accept: 'text/html' };
    expect(await rig.callsOf(() => rig.get('/channel/demo', browser))).toEqual([`get ${key}`]);
    expect(await rig.callsOf(() => rig.get('/channel/demo.json?after=demo-11'))).toEqual([]);
    expect(await rig.callsOf(() => rig.get('/channel/demo', { accept: 'text/plain' }))).toEqual([]);
  });

  it('are read again when they are older than the maximum age, only if they changed', async () => {
    const rig = await warmRig();
    await read(rig);
    const etag = rig.bucket.objects.get(key)?.etag;
    rig.clock.advance(channelMaxAge + 1);
    expect(await rig.callsOf(() => read(rig))).toContain(`get ${key} unless ${etag}`);
    rig.bucket.putJson(key, { releases: { 'demo-1': stored('demo-1') } });
    rig.clock.advance(channelMaxAge + 1);
    const { releases } = await read(rig);
    expect(releases.map(({ rev: known }) => known).slice(-2)).toEqual([undefined, rev]);
  });

  it('are not read for the tarball, the revision, the feed or the list of channels', async () => {
    const rig = await warmRig();
    const calls = await rig.callsOf(async () => {
      for (const path of ['demo.tar.xz', 'demo/git-revision', 'demo/feed.atom']) await rig.get(`/channel/${path}`);
      await rig.get('/index.json');
    });
    expect(calls).toEqual(['head demo-60.tar.xz']);
  });

  it.each([
    ['are absent', ({ bucket }: ServeRig) => bucket.objects.delete(key)],
    ['are damaged', ({ bucket }: ServeRig) => bucket.put(key, '{"releases"')],
    [
      'cannot be read',
      ({ bucket }: ServeRig) => {
        bucket.fault = (call) => {
          if (call === `get ${key}`) throw away();
        };
      },
    ],
  ])('that %s leave the page with what is known', async (state, prepare) => {
    const rig = await warmRig();
    prepare(rig);
    const { latest, releases } = await read(rig);
    expect(latest).toMatchObject({ release: 'demo-60', size: 7, ...shared });
    expect(releases[1]).toEqual({ release: 'demo-59', url: `${base}/permanent/demo-59.tar.xz` });
    const broken = rig.lines.filter(({ message }) => message === 'unreadable');
    expect(broken).toHaveLength(state === 'are damaged' ? 1 : 0);
  });

  it.each(['damaged', 'away'])('that become %s are shown as they were', async (state) => {
    const rig = await warmRig();
    const before = await read(rig);
    if (state === 'damaged') rig.bucket.put(key, '[');
    else
      rig.bucket.fault = () => {
        throw away();
      };
    rig.clock.advance(channelMaxAge + 1);
    expect(await read(rig)).toEqual(before);
  });

  it.each([
    ['the record has other bytes of', { ...stored('demo-60'), etag: '"demo-60"' }, '"other"', 7],
    ['the record has the same bytes of, without a size', { ...stored('demo-60'), size: undefined }, '"demo-60"', 7],
  ])('do not replace what is known of the latest release: %s it', async (_, latestFacts, etag, size) => {
    const rig = await warmRig({ ...latestFacts, narHash: undefined });
    const entry = { ...stored('demo-60'), etag, size: 99, rev: 'b'.repeat(40) };
    rig.bucket.putJson(key, { releases: { 'demo-60': entry } });
    const { latest } = await read(rig);
    expect(latest).toMatchObject({ rev, size });
    expect(latest?.narHash).toBe(etag === '"other"' ? undefined : narHash);
  });

  it('are what is shown of a latest release of which the record and the bucket say nothing', async () => {
    const rig = await warmRig({});
    rig.bucket.putJson(key, { releases: { 'demo-60': stored('demo-60') } });
    rig.bucket.objects.delete('demo-60.tar.xz');
    expect((await read(rig)).latest).toMatchObject(shared);
  });

  it('are shown page by page of a channel with 10,000 releases', async () => {
    const rig = await warmRig();
    const names = Array.from({ length: 10_000 }, (_, place) => `demo-${10_000 + place}`);
    rig.bucket.putJson('demo.json', { latest: null, previous: names });
    rig.bucket.putJson(key, { releases: Object.fromEntries(names.map((name) => [name, stored(name)])) });
    rig.clock.advance(channelMaxAge + 1);
    const seen: string[] = [];
    const calls = await rig.callsOf(async () => {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const { releases, next }: ChannelDocument = await read(rig, `/channel/demo.json${after}`);
        expect(releases.every(({ rev: known }) => known === rev)).toBe(true);
        seen.push(...releases.map(({ release }) => release));
        after = next && `?after=${next}`;
      }
    });
    expect(seen).toEqual(names.reverse());
    expect(calls.filter((call) => call.includes('facts/'))).toHaveLength(1);
  });

  it('are kept for a few channels', async () => {
    const rig = await warmRig();
    const channels = Array.from({ length: 9 }, (_, place) => `c${place}`);
    rig.bucket.putJson('channels.json', { channels });
    for (const channel of channels) rig.bucket.putJson(`${channel}.json`, { latest: null });
    rig.clock.advance(channelMaxAge + 1);
    const asked = async (channel: string) =>
      (await rig.callsOf(() => rig.get(`/channel/${channel}.json`))).includes(`get facts/${channel}.json`);
    for (const channel of channels) expect(await asked(channel)).toBe(true);
    expect(await asked('c8')).toBe(false);
    expect(await asked('c0')).toBe(true);
  });
});

describe('what the operator says about a channel', () => {
  const about = { homepage: 'https://github.com/NixOS/nixpkgs', description: 'A <b>channel</b>', aliases: ['nixpkgs'] };
  async function rigWith(more: object): Promise<ServeRig> {
    const rig = await warmRig();
    rig.bucket.putJson('demo.json', { ...rig.bucket.json('demo.json'), ...more });
    rig.clock.advance(channelMaxAge + 1);
    return rig;
  }

  it('is in the list of channels and in the JSON of the channel, with the page of each rev', async () => {
    const rig = await rigWith(about);
    const revUrl = `https://github.com/NixOS/nixpkgs/commit/${rev}`;
    const document = await read(rig);
    expect(document).toMatchObject({ ...about, latest: { revUrl } });
    expect(document.releases[1]).toMatchObject({ rev, revUrl });
    expect(document.releases.at(-1)).not.toHaveProperty('revUrl');
    const { channels } = JSON.parse((await rig.get('/index.json')).body);
    expect(channels).toMatchObject([{ channel: 'demo', ...about, latest: { size: 7, revUrl } }]);
  });

  it('is left out as far as it is invalid', async () => {
    const bad = { homepage: 'javascript:alert(1)', description: 'a\nb', aliases: ['-', 7, 'nixpkgs'] };
    const { homepage, description, aliases, latest } = await read(await rigWith(bad));
    expect([homepage, description, aliases, latest?.revUrl]).toEqual([undefined, undefined, ['nixpkgs'], undefined]);
  });
});
