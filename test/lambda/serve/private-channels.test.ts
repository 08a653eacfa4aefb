import { describe, expect, it, jest } from '@jest/globals';
import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { ChannelDirectory } from '../../../lib/store/read/directory.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../support/memory-bucket.ts';
import { type Answer, channelMaxAge, serveRig } from '../../support/serve-rig.ts';
import { basic, newKey, token } from '../../support/tokens.ts';

const key = newKey('EdDSA');
const stranger = newKey('EdDSA');
const start = new FakeClock().now() / 1_000;
const hour = 3_600;

const made = (claims: object, from = key): Record<string, string> => ({
  authorization: basic(token(from, { sub: 'ci', exp: start + 24 * hour, ...claims })),
});
const everything = made({});
const scoped = made({ channels: ['a', 'b-*'] });
const bad = made({}, stranger);
const expired = made({ exp: start - hour });

/** `open` is public; `a`, `b-1` and `c` are not; `promoted-1` is a release of `a` that `open` was promoted to. */
function rig(settings: Partial<JwtSettings> = {}) {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', {
    channels: ['open', 'a', 'b-1', 'c', 'image', 'image.iso', 'hidden', 'half', 'bare', 'open-gone.iso'],
    public: ['open', 'image.iso', 'unknown', 'half', 'open-gone', 'image-gone', 'lost-gone', 'bare'],
    removed: ['a-gone', 'b-gone', 'hidden-gone', 'half', 'open-gone', 'image-gone', 'lost-gone'],
  });
  bucket.putJson('open.json', { latest: 'open-1', previous: ['promoted-1'] });
  bucket.putJson('a.json', { latest: 'a-1', previous: ['promoted-1', 'to-c-1'] });
  bucket.putJson('b-1.json', { latest: 'b-1-1' });
  bucket.putJson('c.json', { latest: 'c-1', previous: ['to-c-1'] });
  bucket.putJson('hidden.json', { latest: 'hidden-1' });
  bucket.putJson('image.json', { latest: 'image-1', file_extension: '.iso' });
  bucket.putJson('image.iso.json', { latest: 'page-1' });
  for (const name of ['a-gone', 'b-gone', 'hidden-gone', 'half'])
    bucket.putJson(`${name}.json`, { latest: `${name}-1`, removed: {} });
  bucket.putJson('open-gone.json', { latest: 'open-gone-1', previous: ['to-gone-1'], removed: {} });
  bucket.putJson('image-gone.json', { latest: 'image-gone-1', file_extension: '.iso', removed: {} });
  bucket.putJson('open-gone.iso.json', { latest: 'iso-1' });
  const lay = (release: string, channel?: string, ending = '.tar.xz'): void =>
    bucket.put(release + ending, release, channel === undefined ? {} : { channel });
  lay('open-1', 'open');
  lay('open-0', 'open');
  lay('promoted-1', 'a');
  lay('a-1', 'a');
  lay('a-0', 'a');
  lay('to-c-1', 'a');
  lay('b-1-1', 'b-1');
  lay('hidden-1', 'hidden');
  lay('c-1', 'c');
  lay('c-0', 'c');
  lay('image-1', 'image', '.iso');
  lay('page-1', 'image.iso');
  lay('b-gone-1', 'b-gone');
  lay('hidden-gone-1', 'hidden-gone');
  lay('a-gone-1');
  lay('half-1', 'half');
  lay('open-gone-1', 'open-gone');
  lay('open-gone-0', 'open-gone');
  lay('to-gone-1', 'c');
  lay('image-gone-1', 'image-gone', '.iso');
  lay('never-1', 'never');
  lay('nobodys-1');
  lay('notes', 'a', '.txt');
  lay('readme', 'open', '.txt');
  bucket.fault = (call) => {
    if (/^head \.{0,2}$/.test(call)) throw away();
  };
  return serveRig({ bucket, jwt: { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 30, ...settings } });
}

const table: readonly [string, string, Record<string, string>, number][] = [
  ['a public channel', '/channel/open.tar.xz', {}, 307],
  ['a public channel', '/channel/open.tar.xz', bad, 307],
  ['a public channel', '/channel/open.tar.xz', expired, 307],
  ['a public channel', '/channel/open.tar.xz', scoped, 307],
  ['the page of a public channel', '/channel/open', {}, 200],
  ['a public channel as nix-channel asks', '/channel/open/nixexprs.tar.xz', bad, 307],
  ['its release', '/permanent/open-1.tar.xz', {}, 307],
  ['its release that no record names', '/permanent/open-0.tar.xz', bad, 307],
  ['a private channel’s release that it was promoted to', '/permanent/promoted-1.tar.xz', {}, 307],
  ['a private channel', '/channel/a.tar.xz', {}, 401],
  ['a private channel', '/channel/a.tar.xz', bad, 401],
  ['a private channel', '/channel/a.tar.xz', expired, 401],
  ['the page of a private channel', '/channel/a', {}, 401],
  ['a private channel as nix-channel asks', '/channel/a/nixexprs.tar.xz', {}, 401],
  ['an unknown channel', '/channel/nothing.tar.xz', {}, 401],
  ['a removed channel', '/channel/a-gone.tar.xz', {}, 401],
  ['a name that is public but no channel', '/channel/unknown.tar.xz', {}, 401],
  ['a private release', '/permanent/a-1.tar.xz', {}, 401],
  ['an unknown release', '/permanent/nothing-1.tar.xz', expired, 401],
  ['a release of no channel', '/permanent/nobodys-1.tar.xz', {}, 401],
  ['a record', '/permanent/a.json', {}, 401],
  ['the bucket itself', '/permanent/.', {}, 401],
  ['what is above it', '/permanent/..', scoped, 404],
  ['what is public and listed as removed too', '/channel/half.tar.xz', {}, 410],
  ['its release', '/permanent/half-1.tar.xz', {}, 307],
  ['a removed public channel', '/channel/open-gone.tar.xz', {}, 410],
  ['a removed public channel', '/channel/open-gone.tar.xz', expired, 410],
  ['a removed public channel', '/channel/open-gone.tar.xz', scoped, 410],
  ['the page of a removed public channel', '/channel/open-gone', bad, 410],
  ['a removed public channel as nix-channel asks', '/channel/open-gone/nixexprs.tar.xz', {}, 410],
  ['a removed public channel of another format', '/channel/image-gone.iso', {}, 410],
  ['a removed public channel with another extension', '/channel/open-gone.tar.gz', {}, 401],
  ['a private page behind its name', '/channel/open-gone.iso', {}, 401],
  ['a private page behind its name', '/channel/open-gone.iso', made({ channels: ['open-gone.iso'] }), 200],
  ['a removed public channel without a record', '/channel/lost-gone.tar.xz', {}, 410],
  ['its release', '/permanent/open-gone-1.tar.xz', {}, 307],
  ['its release', '/permanent/open-gone-1.tar.xz', bad, 307],
  ['its release, with a token for others', '/permanent/open-gone-1.tar.xz', scoped, 307],
  ['its release that no record names', '/permanent/open-gone-0.tar.xz', {}, 307],
  ['its release of another format', '/permanent/image-gone-1.iso', {}, 307],
  ['a private channel’s release that it was promoted to', '/permanent/to-gone-1.tar.xz', {}, 307],
  ['a public channel without a record', '/channel/bare.tar.xz', {}, 404],
  ['the page of a public channel without a record', '/channel/bare', {}, 404],
  ['a release of a removed private channel', '/permanent/b-gone-1.tar.xz', {}, 401],
  ['a private channel', '/channel/a.tar.xz', scoped, 307],
  ['its page', '/channel/a', scoped, 200],
  ['a private channel by glob', '/channel/b-1.tar.xz', scoped, 307],
  ['a removed channel by glob', '/channel/b-gone.tar.xz', scoped, 410],
  ['another removed channel', '/channel/a-gone.tar.xz', scoped, 404],
  ['another private channel', '/channel/c.tar.xz', scoped, 404],
  ['its page', '/channel/c', scoped, 404],
  ['another private channel as nix-channel asks', '/channel/c/nixexprs.tar.xz', scoped, 404],
  ['an unknown channel', '/channel/nothing.tar.xz', scoped, 404],
  ['a release by its metadata', '/permanent/a-0.tar.xz', scoped, 307],
  ['a release by glob', '/permanent/b-1-1.tar.xz', scoped, 307],
  ['another channel’s release', '/permanent/c-1.tar.xz', scoped, 404],
  ['another channel’s release that no record names', '/permanent/c-0.tar.xz', scoped, 404],
  ['a promoted one, from where it came', '/permanent/to-c-1.tar.xz', made({ channels: ['a'] }), 307],
  ['a promoted one, where it went', '/permanent/to-c-1.tar.xz', made({ channels: ['c'] }), 307],
  ['a promoted one, where it is public', '/permanent/promoted-1.tar.xz', made({ channels: ['c'] }), 307],
  ['a promoted one, elsewhere', '/permanent/to-c-1.tar.xz', made({ channels: ['b-*'] }), 404],
  ['a release of no channel', '/permanent/nobodys-1.tar.xz', made({ channels: ['*'] }), 404],
  ['what is no release, with the name of a channel', '/permanent/notes.txt', made({ channels: ['a'] }), 404],
  ['what is no release, with the name of a public channel', '/permanent/readme.txt', {}, 401],
  ['a record with the name of a channel', '/permanent/a.json', made({ channels: ['a'] }), 404],
  ['a release of a removed channel by glob', '/permanent/b-gone-1.tar.xz', scoped, 307],
  ['a release of a removed channel by name', '/permanent/a-gone-1.tar.xz', made({ channels: ['a-gone'] }), 307],
  ['a release of another removed channel', '/permanent/b-gone-1.tar.xz', made({ channels: ['a', 'open'] }), 404],
  ['a release of a channel that never was', '/permanent/never-1.tar.xz', made({ channels: ['never'] }), 404],
  ['a release of no channel', '/permanent/nobodys-1.tar.xz', everything, 307],
  ['a release of a removed channel', '/permanent/b-gone-1.tar.xz', everything, 307],
  ['a removed channel', '/channel/a-gone.tar.xz', everything, 410],
  ['another private channel', '/channel/c.tar.xz', everything, 307],
  ['a private channel of another format', '/channel/image.iso', everything, 307],
  ['a private channel of another format', '/channel/image.iso', made({ channels: ['image'] }), 307],
  ['a public page of the same name', '/channel/image.iso', {}, 200],
  ['a public page of the same name', '/channel/image.iso', made({ channels: ['a'] }), 200],
  ['a release of another format', '/permanent/image-1.iso', made({ channels: ['image'] }), 307],
  ['a release of another format', '/permanent/image-1.iso', made({ channels: ['a'] }), 404],
  ['nothing, by an empty scope', '/channel/a.tar.xz', made({ channels: [] }), 404],
];

const who = new Map<unknown, string>([
  [bad, 'a bad token'],
  [expired, 'an expired token'],
  [scoped, 'a token for a and b-*'],
  [everything, 'a token for everything'],
]);

describe('with tokens', () => {
  it.each(
    table.map(([what, path, headers, status]) => ({
      what,
      path,
      headers,
      status,
      who: who.get(headers) ?? 'no or another token',
    })),
  )('$status: $what at $path, with $who', async ({ path, headers, status }) => {
    const cold = rig();
    const warmed = rig();
    await warmed.serve.warm();
    for (const { get, head } of [cold, warmed]) {
      const answer = await get(path, headers);
      expect(answer.status).toBe(status);
      const headed = await head(path, headers);
      expect(headed.status).toBe(path.startsWith('/permanent') && status === 307 ? 200 : status);
    }
  });

  it('lets a setting decide what a token without channels may read', async () => {
    const { get } = rig({ keys: { pems: [key.pem], defaultScope: 'none' } });
    expect((await get('/channel/a.tar.xz', everything)).status).toBe(404);
    expect((await get('/channel/a.tar.xz', scoped)).status).toBe(307);
  });

  it('looks at only the first 1,000 names of a long catalog to say which channels there are', async () => {
    const { bucket, get } = rig();
    const channels = Array.from({ length: 1_100 }, (_, index) => `c${index}`);
    bucket.putJson('channels.json', { channels });
    const sentences = async (pattern: string): Promise<string> =>
      (await get('/channel/nothing.tar.xz', made({ channels: [pattern] }))).body;
    expect(await sentences('c999')).toBe(
      'There is no channel "nothing.tar.xz". Channels: c999 and more. The page / lists all that you may read.\n',
    );
    expect(await sentences('c1000')).toBe(
      'There is no channel "nothing.tar.xz". The page / lists all that you may read.\n',
    );
  });

  it('says that the token gives access to no channels, not that there are none', async () => {
    const { get, bucket } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'c'] });
    expect((await get('/channel/a.tar.xz', made({ channels: [] }))).body).toBe(
      'There is no channel "a.tar.xz". This token gives access to no channels.\n',
    );
    const empty = rig();
    empty.bucket.putJson('channels.json', { channels: [] });
    expect((await empty.get('/channel/a.tar.xz', everything)).body).toBe(
      'There is no channel "a.tar.xz". There are no channels yet.\n',
    );
  });

  it('says of an expired token when it ended, and of a good one nothing about what is not its own', async () => {
    const { get } = rig();
    const answer = await get('/channel/a.tar.xz', expired);
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="Nix channels"', 'cache-control': 'no-store' },
      body: 'The token expired at 2025-12-31T23:00:00Z: ask its operator for a new one.\n',
    });
    expect((await get('/channel/nothing.tar.xz', scoped)).body).toBe(
      'There is no channel "nothing.tar.xz". Channels: open, a, b-1, image.iso, bare.\n',
    );
  });

  it('answers 304 only to readers that may read the release', async () => {
    const { get, bucket } = rig();
    const etag = bucket.objects.get('a-1.tar.xz')?.etag as string;
    const headers = { 'if-none-match': etag };
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(401);
    expect((await get('/permanent/a-1.tar.xz', headers)).status).toBe(401);
    expect((await get('/channel/a.tar.xz', { ...headers, ...scoped })).status).toBe(304);
    expect((await get('/permanent/a-1.tar.xz', { ...headers, ...scoped })).status).toBe(304);
  });
});

describe('a reader without the right cannot tell apart', () => {
  const same = (answer: Answer, name: string): Answer => ({ ...answer, body: answer.body.replaceAll(name, 'NAME') });

  it.each([
    ['no token', {}],
    ['a bad token', bad],
    ['a token for other channels', made({ channels: ['b-*', 'open'] })],
  ])('a private channel or release from one that does not exist, with %s', async (_, headers) => {
    /** Asked three times: cold, at once again, and when what is remembered of refusals is forgotten. */
    async function ask(path: string, name: string, warmed: boolean): Promise<unknown> {
      const { get, callsOf, clock, serve } = rig();
      if (warmed) await serve.warm();
      const steps: unknown[] = [];
      for (const wait of [0, 0, 31_000]) {
        clock.advance(wait);
        const calls = await callsOf(async () => steps.push(same(await get(path.replace('%', name), headers), name)));
        steps.push(calls.map((call) => call.replace(name, 'NAME')));
      }
      return steps;
    }
    for (const warmed of [false, true]) {
      for (const path of ['/channel/%.tar.xz', '/channel/%.iso', '/channel/%', '/channel/%/nixexprs.tar.xz'])
        expect(await ask(path, 'hidden', warmed)).toEqual(await ask(path, 'nobody', warmed));
      for (const path of ['/permanent/%.tar.xz', '/permanent/%.iso'])
        expect(await ask(path, 'hidden-1', warmed)).toEqual(await ask(path, 'nobody-1', warmed));
      expect(await ask('/channel/%.tar.xz', 'a-gone', warmed)).toEqual(
        await ask('/channel/%.tar.xz', 'a-none', warmed),
      );
      for (const release of ['hidden-gone-1', 'a-gone-1'])
        expect(await ask('/permanent/%.tar.xz', release, warmed)).toEqual(
          await ask('/permanent/%.tar.xz', 'nobody-1', warmed),
        );
    }
  });

  it('releases that others with a token have read before from others', async () => {
    const { get, callsOf } = rig();
    await get('/permanent/c-1.tar.xz', everything);
    await get('/permanent/n-1.tar.xz', everything);
    expect(await callsOf(() => get('/permanent/c-1.tar.xz', scoped))).toContain('head c-1.tar.xz');
    expect(await callsOf(() => get('/permanent/n-1.tar.xz', scoped))).toContain('head n-1.tar.xz');
  });

  it('releases that were refused to others, which are served to a reader with another right', async () => {
    const { get, bucket } = rig();
    bucket.put('late-1.tar.xz', 'x', { channel: 'hidden' });
    bucket.putJson('c.json', { latest: 'late-1' });
    for (const headers of [{}, bad, scoped])
      expect((await get('/permanent/late-1.tar.xz', headers)).status).toBe(headers === scoped ? 404 : 401);
    expect((await get('/permanent/late-1.tar.xz', made({ channels: ['c'] }))).status).toBe(307);
    expect((await get('/permanent/late-1.tar.xz', scoped)).status).toBe(404);
  });

  it('releases by the time: the records that name them are looked up as often for both', async () => {
    const looked: number[] = [];
    for (const name of ['hidden-1', 'nobody-1']) {
      const { get, serve } = rig();
      await serve.warm();
      await get('/permanent/hidden-1.tar.xz', everything);
      const lookUp = jest.spyOn(ChannelDirectory.prototype, 'namesRelease');
      for (const headers of [{}, scoped, scoped]) await get(`/permanent/${name}.tar.xz`, headers);
      looked.push(lookUp.mock.calls.length);
      lookUp.mockRestore();
    }
    expect(looked[0]).toBe(looked[1]);
    expect(looked[0]).toBeGreaterThan(0);
  });

  it('releases by a second request: reading again costs the same for both', async () => {
    const again: string[][] = [];
    for (const name of ['c-1', 'nobody-1']) {
      const { get, callsOf } = rig();
      await get(`/permanent/${name}.tar.xz`, scoped);
      const calls = await callsOf(() => get(`/permanent/${name}.tar.xz`, scoped));
      again.push(calls.map((call) => call.replace(name, 'NAME')).toSorted());
    }
    expect(again[0]).toEqual(again[1]);
    expect(again[0]).toContain('head NAME.tar.xz');
  });

  it('releases without a token, for which catalog and records are read again at most once a second', async () => {
    const { get, callsOf, clock } = rig();
    await get('/permanent/c-1.tar.xz');
    clock.advance(999);
    expect(await callsOf(() => get('/permanent/c-1.tar.xz'))).toEqual(['head c-1.tar.xz']);
    clock.advance(1);
    expect((await callsOf(() => get('/permanent/c-1.tar.xz'))).map((call) => call.split(' unless')[0])).toEqual([
      'head c-1.tar.xz',
      'get channels.json',
      ...['open', 'image.iso', 'half', 'open-gone', 'image-gone', 'lost-gone', 'bare'].map(
        (name) => `get ${name}.json`,
      ),
    ]);
  });

  it.each(['a.json', 'A.JSON', 'revoked.json', '.', '..', 'a\u0000', '\ud800', 'x'.repeat(1_025)])(
    'and of what cannot be a release the bucket is not asked: %j',
    async (name) => {
      const { get, callsOf } = rig();
      await get('/channel/a.tar.xz', everything);
      for (const headers of [{}, scoped, everything])
        expect(await callsOf(() => get(`/permanent/${name}`, headers))).toEqual([]);
    },
  );

  it('channels that a token names and that do not exist: the bucket is not asked', async () => {
    const { get, callsOf } = rig();
    const headers = made({ channels: ['nobody', '../a', 'channels', 'a-gone-1'] });
    const calls = await callsOf(() => get('/permanent/nothing-1.tar.xz', headers));
    const asked = calls.map((call) => call.split(' unless')[0]).toSorted();
    const open = ['open', 'image.iso', 'half', 'open-gone', 'image-gone', 'lost-gone', 'bare'];
    const records = ['get channels.json', 'get channels.json', ...open.map((name) => `get ${name}.json`)];
    expect(asked).toEqual([...records, 'get revoked.json', 'head nothing-1.tar.xz'].toSorted());
  });

  it('releases where nothing is public: it costs the bucket nothing', async () => {
    const { get, bucket, callsOf, serve } = rig();
    bucket.putJson('channels.json', { channels: ['a'] });
    await serve.warm();
    expect(await callsOf(() => get('/permanent/a-1.tar.xz'))).toEqual([]);
    expect(await callsOf(() => get('/channel/a.tar.xz'))).toEqual([]);
  });
});

describe('a release that is read because a record names it', () => {
  it.each([
    ['without a channel of its own', 'nobodys-1', undefined],
    ['of another channel', 'hidden-1', 'hidden'],
  ])('is asked for once, and served while the bucket is away: %s', async (_, release, channel) => {
    const { get, bucket, callsOf } = rig();
    bucket.put(`${release}.tar.xz`, 'x', channel === undefined ? {} : { channel });
    bucket.putJson('open.json', { latest: 'open-1', previous: [release] });
    const path = `/permanent/${release}.tar.xz`;
    expect((await get(path)).status).toBe(307);
    for (const headers of [{}, bad, scoped]) expect(await callsOf(() => get(path, headers))).toEqual([]);
    bucket.fault = () => {
      throw away();
    };
    for (const headers of [{}, bad, scoped]) expect((await get(path, headers)).status).toBe(307);
  });
});

describe('a token that is not needed', () => {
  it('is not looked at, nor is the deny list', async () => {
    const { get, callsOf } = rig();
    await get('/permanent/open-1.tar.xz');
    await get('/channel/open.tar.xz');
    const calls = await callsOf(async () => {
      for (const path of ['/channel/open.tar.xz', '/channel/open/nixexprs.tar.xz', '/permanent/open-1.tar.xz'])
        expect((await get(path, scoped)).status).toBe(307);
    });
    expect(calls).toEqual([]);
  });
});

describe('a release that was asked for before it was published', () => {
  it('is served at once to a reader with its channel, whoever was refused before', async () => {
    const { get, bucket, clock } = rig();
    expect((await get('/permanent/a-2.tar.xz')).status).toBe(401);
    bucket.put('a-2.tar.xz', 'two', { channel: 'a' });
    bucket.putJson('a.json', { latest: 'a-2', previous: ['a-1'] });
    clock.advance(5_000);
    expect((await get('/permanent/a-2.tar.xz', made({ channels: ['a'] }))).status).toBe(307);
  });

  it.each([
    ['a token for the channel', made({ channels: ['a'] })],
    ['a token for channels by a glob', made({ channels: ['?', 'a*'] })],
  ])('is read at once with %s that was refused before, while the record here is old', async (_, headers) => {
    const { get, bucket } = rig();
    await get('/channel/a.tar.xz', headers);
    expect((await get('/permanent/a-2.tar.xz', headers)).status).toBe(404);
    bucket.put('a-2.tar.xz', 'two', { channel: 'a' });
    bucket.putJson('a.json', { latest: 'a-2', previous: ['a-1'] });
    expect((await get('/permanent/a-2.tar.xz', headers)).status).toBe(307);
  });

  it.each([
    ['c', { channels: ['c'] }],
    ['b-1, by a glob', { channels: ['b-*'] }],
    ['open, to any token', { channels: [] }],
  ])('and was promoted by another function to %s is read at once, while the record here is old', async (to, claims) => {
    const { get, bucket, serve } = rig();
    await serve.warm();
    bucket.put('hidden-2.tar.xz', 'two', { channel: 'hidden' });
    expect((await get('/permanent/hidden-2.tar.xz', made(claims))).status).toBe(404);
    const target = to.split(',')[0];
    bucket.putJson(`${target}.json`, { latest: 'hidden-2', previous: [] });
    expect((await get('/permanent/hidden-2.tar.xz', made(claims))).status).toBe(307);
  });

  it('and was promoted to a public channel is read without a token within a second', async () => {
    const { get, bucket, clock } = rig();
    expect((await get('/permanent/hidden-1.tar.xz')).status).toBe(401);
    bucket.putJson('open.json', { latest: 'hidden-1', previous: [] });
    clock.advance(1_000);
    expect((await get('/permanent/hidden-1.tar.xz')).status).toBe(307);
  });

  it('of a channel that is new since the catalog was read is read with a token for it', async () => {
    const { get, bucket } = rig();
    const headers = made({ channels: ['new'] });
    expect((await get('/permanent/new-1.tar.xz', headers)).status).toBe(404);
    bucket.put('new-1.tar.xz', 'one', { channel: 'new' });
    bucket.putJson('new.json', { latest: 'new-1' });
    bucket.putJson('channels.json', { channels: ['a', 'new'] });
    expect((await get('/permanent/new-1.tar.xz', headers)).status).toBe(307);
  });

  it('asks to try again where what was promoted cannot be told, because a record cannot be read', async () => {
    const { get, bucket, serve } = rig();
    await serve.warm();
    bucket.fault = (call) => {
      if (call.startsWith('get c.json')) throw away();
    };
    for (const name of ['hidden-1', 'nobody-1'])
      expect((await get(`/permanent/${name}.tar.xz`, made({ channels: ['c'] }))).status).toBe(503);
  });

  it('is not delayed for a reader of everything by readers of nothing', async () => {
    const { get, bucket } = rig();
    expect((await get('/permanent/a-2.tar.xz')).status).toBe(401);
    bucket.put('a-2.tar.xz', 'two', { channel: 'a' });
    expect((await get('/permanent/a-2.tar.xz', everything)).status).toBe(307);
  });
});

describe('a channel that is removed in its record, and not yet in the catalog', () => {
  it('is 410 for whoever could read it, and they still read its releases', async () => {
    const { get, bucket } = rig();
    for (const name of ['a', 'open', 'image'])
      bucket.putJson(`${name}.json`, { ...bucket.json(`${name}.json`), removed: {} });
    const headers = made({ channels: ['a'] });
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(410);
    expect((await get('/channel/a.tar.xz')).status).toBe(401);
    expect((await get('/channel/open.tar.xz')).status).toBe(410);
    for (const one of [headers, everything]) expect((await get('/permanent/a-1.tar.xz', one)).status).toBe(307);
    expect((await get('/permanent/a-1.tar.xz')).status).toBe(401);
    expect((await get('/permanent/open-1.tar.xz')).status).toBe(307);
    expect((await get('/permanent/image-1.iso', made({ channels: ['image'] }))).status).toBe(307);
  });

  it('stays closed where an earlier version took its name out of the public ones', async () => {
    const { get, bucket } = rig();
    bucket.putJson('channels.json', { channels: [], public: [], removed: ['open-gone'] });
    expect((await get('/channel/open-gone.tar.xz')).status).toBe(401);
    expect((await get('/permanent/open-gone-1.tar.xz')).status).toBe(401);
    expect((await get('/permanent/open-gone-1.tar.xz', made({ channels: ['open-gone'] }))).status).toBe(307);
  });
});

describe('a token that is kept', () => {
  it('costs the bucket nothing within the maximum age', async () => {
    const { get, callsOf } = rig();
    await get('/channel/a.tar.xz', scoped);
    await get('/permanent/a-1.tar.xz', scoped);
    expect(await callsOf(() => get('/channel/a.tar.xz', scoped))).toEqual([]);
    expect(await callsOf(() => get('/permanent/a-1.tar.xz', scoped))).toEqual([]);
  });

  it('is refused once it has expired', async () => {
    const { get, clock } = rig();
    const headers = made({ exp: start + 60 });
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(307);
    clock.advance(89_000);
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(307);
    clock.advance(1_000);
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(401);
  });

  it('is of no use for another channel', async () => {
    const { get } = rig();
    expect((await get('/channel/a.tar.xz', scoped)).status).toBe(307);
    expect((await get('/channel/c.tar.xz', scoped)).status).toBe(404);
  });

  it.each([
    ['jti', { jti: 'one' }, { jti: 'one' }],
    ['sub', {}, { sub: 'ci' }],
    ['issued before', { iat: start - 10 }, { issuedBefore: start }],
    ['issued before, where it does not say when', {}, { issuedBefore: start }],
  ])('is refused within the maximum age of its revocation by %s', async (_, claims, denial) => {
    const { get, bucket, clock } = rig();
    const headers = made(claims);
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(307);
    bucket.putJson('revoked.json', { revoked: [{ ...denial, until: start + hour }] });
    clock.advance(channelMaxAge);
    const answer = await get('/channel/a.tar.xz', headers);
    expect([answer.status, answer.body]).toEqual([401, 'The token was revoked: ask its operator for a new one.\n']);
    expect((await get('/channel/open.tar.xz', headers)).status).toBe(307);
    clock.advance(hour * 1_000);
    expect((await get('/channel/a.tar.xz', headers)).status).toBe(307);
  });
});

describe('when the bucket is away', () => {
  const past = channelMaxAge + 300_000;

  it('a deny list and visibility are believed for five minutes past their age, then it is 503', async () => {
    const { get, bucket, clock } = rig();
    await get('/channel/a.tar.xz', scoped);
    await get('/channel/open.tar.xz');
    bucket.fault = () => {
      throw away();
    };
    clock.advance(past - 1);
    expect((await get('/channel/a.tar.xz', scoped)).status).toBe(307);
    expect((await get('/channel/open.tar.xz')).status).toBe(307);
    clock.advance(1);
    expect((await get('/channel/a.tar.xz', scoped)).status).toBe(503);
    expect((await get('/channel/open.tar.xz')).status).toBe(503);
    bucket.fault = () => {};
    expect((await get('/channel/a.tar.xz', scoped)).status).toBe(307);
  });

  it('a deny list that was never loaded lets nobody in, and public channels are served', async () => {
    const { get, bucket } = rig();
    bucket.fault = (call) => {
      if (call.startsWith('get revoked.json')) throw away();
    };
    expect((await get('/channel/a.tar.xz', scoped)).status).toBe(503);
    expect((await get('/permanent/a-1.tar.xz', everything)).status).toBe(503);
    expect((await get('/channel/open.tar.xz', scoped)).status).toBe(307);
    expect((await get('/permanent/open-1.tar.xz', scoped)).status).toBe(307);
  });

  it('a deny list whose answer was cut takes no place and no entity tag', async () => {
    const { get, bucket, clock } = rig();
    const lost = made({ jti: 'lost' });
    const list = (jti: string): string => JSON.stringify({ revoked: [{ jti, until: start + 24 * hour }] });
    bucket.put('revoked.json', list('lost'));
    expect((await get('/channel/a.tar.xz', lost)).status).toBe(401);
    bucket.put('revoked.json', list('ours').slice(0, -3), {}, '"new"');
    clock.advance(channelMaxAge);
    expect((await get('/channel/a.tar.xz', lost)).status).toBe(401);
    expect((await get('/channel/a.tar.xz', made({ jti: 'ours' }))).status).toBe(307);
    bucket.put('revoked.json', list('ours'), {}, '"new"');
    clock.advance(5_000);
    expect((await get('/channel/a.tar.xz', made({ jti: 'ours' }))).status).toBe(401);
    expect(bucket.calls.filter((call) => call.startsWith('get revoked.json'))).toEqual([
      'get revoked.json',
      expect.stringMatching(/ unless "/),
      'get revoked.json',
    ]);
  });

  it.each(['{', '[]', '{"revoked": 7}', '{"revoked": [{"jti": "a"}]}', '{"revoked": [{"until": 1}]}'])(
    'so does a damaged one: %s',
    async (text) => {
      const { get, bucket } = rig();
      bucket.put('revoked.json', text);
      expect((await get('/channel/a.tar.xz', scoped)).status).toBe(503);
      expect((await get('/channel/open.tar.xz', scoped)).status).toBe(307);
    },
  );
});

describe('many channels by name', () => {
  it('are refreshed in turn, so that what was promoted to any of them is found', async () => {
    const { get, bucket, clock } = rig();
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    bucket.putJson('channels.json', { channels: [...names, 'hidden'], public: names });
    for (const name of names) bucket.putJson(`${name}.json`, { latest: `${name}-1` });
    for (let times = 0; times < 2; times += 1) await get('/permanent/hidden-1.tar.xz');
    bucket.putJson('many-99.json', { latest: 'hidden-1' });
    const seen: number[] = [];
    for (let times = 0; times < 2; times += 1) {
      clock.advance(channelMaxAge);
      seen.push((await get('/permanent/hidden-1.tar.xz')).status);
    }
    expect(seen).toEqual([503, 307]);
  });

  it('cost at most 64 records a request, and no release is refused before all are read', async () => {
    const { get, bucket, callsOf } = rig();
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    bucket.putJson('channels.json', { channels: [...names, 'a'] });
    for (const name of names) bucket.putJson(`${name}.json`, { latest: 'shared-1' });
    bucket.putJson('many-99.json', { latest: 'last-1' });
    bucket.put('last-1.tar.xz', 'x', { channel: 'a' });
    const headers = made({ channels: names });
    const first = await callsOf(async () => {
      expect((await get('/permanent/last-1.tar.xz', headers)).status).toBe(503);
    });
    expect(first.filter((call) => call.startsWith('get many-'))).toHaveLength(64);
    expect((await get('/permanent/last-1.tar.xz', headers)).status).toBe(307);
    expect((await get('/permanent/none-1.tar.xz', headers)).status).toBe(404);
  });
});
