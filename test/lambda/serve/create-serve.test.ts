import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { warm } from '../../../lambda/serve/create-serve.ts';
import { factsToMetadata } from '../../../lib/domain/release.ts';
import { anyText } from '../../support/any-text.ts';
import { logLines } from '../../support/log-lines.ts';
import { away } from '../../support/memory-bucket.ts';
import { type Answer, base, channelMaxAge, type ServeRig, serveRig } from '../../support/serve-rig.ts';

const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
const rev = '0a'.repeat(20);
const etag = '"e2"';
const facts = {
  release: 'demo-2',
  etag,
  rev,
  revCount: 7,
  lastModified: 1767225600,
  narHash,
  sha256: 'ab'.repeat(32),
};

/** The channel `demo` with two releases, an empty one, one of .iso files, a removed one and a release of no record. */
function rig(): ServeRig {
  const made = serveRig();
  const { bucket } = made;
  bucket.putJson('channels.json', { channels: ['demo', 'empty', 'image', 'plus+one'], removed: ['gone'] });
  bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'], serial: 3, facts });
  bucket.putJson('empty.json', { latest: null, file_extension: '.tar.gz', previous: [] });
  bucket.putJson('image.json', { latest: 'image-1', file_extension: '.iso' });
  bucket.putJson('plus+one.json', { latest: 'plus+1' });
  bucket.putJson('gone.json', { latest: 'gone-1', removed: { at: '2026-01-01' } });
  bucket.put('demo-2.tar.xz', 'two!', { channel: 'demo' }, etag);
  for (const key of ['demo-1.tar.xz', 'image-1.iso', 'plus+1.tar.xz', 'gone-1.tar.xz', 'older.tar.bz2'])
    bucket.put(key, 'one');
  bucket.put('revoked.json', '{}');
  bucket.put('secret.JSON', '{}');
  bucket.put('notes.txt', 'x');
  bucket.put('uploads/demo/operation-1.json', '{}');
  bucket.put('uploads/a.tar.xz', 'x');
  made.clock.advance(7_200_000);
  return made;
}

const expectText = ({ headers, body }: Answer): void => {
  expect(headers['content-type']).toMatch(/^text\/plain/);
  expect(Buffer.byteLength(body)).toBeLessThan(1_024);
  expect(body).toMatch(/^\S.*[.z!]\n$/s);
  expect(body).not.toContain('<html>');
};

describe('GET and HEAD /channel/{channel}{ext}', () => {
  it.each(['GET', 'HEAD'])('%s leads to the latest release, with its facts in the Link', async (method) => {
    const { get } = rig();
    expect(await get('/channel/demo.tar.xz', {}, method)).toEqual({
      status: 307,
      headers: {
        location: `${base}/permanent/demo-2.tar.xz`,
        link: `<${base}/permanent/demo-2.tar.xz?rev=${rev}&revCount=7&lastModified=1767225600&narHash=${encodeURIComponent(narHash)}>; rel="immutable"`,
        'cache-control': 'no-cache',
      },
      body: '',
    });
  });

  it('leads to a release of another tool, of which nothing is known', async () => {
    const { get, callsOf } = rig();
    const answer = await get('/channel/image.iso');
    expect(answer).toMatchObject({
      status: 307,
      headers: { link: `<${base}/permanent/image-1.iso>; rel="immutable"` },
    });
    expect(await callsOf(() => get('/channel/image.iso'))).toEqual([]);
  });

  it('does not believe facts of another release or of other bytes', async () => {
    const bare = `<${base}/permanent/demo-2.tar.xz>; rel="immutable"`;
    for (const stale of [{ release: 'demo-1' }, { etag: '"other"' }]) {
      const { bucket, get } = rig();
      bucket.putJson('demo.json', { latest: 'demo-2', facts: { ...facts, ...stale } });
      expect((await get('/channel/demo.tar.xz')).headers.link).toBe(bare);
    }
  });

  it('believes the record while the bucket is away', async () => {
    const { bucket, get } = rig();
    await get('/channel/demo');
    bucket.fault = () => {
      throw new Error('away');
    };
    const { status, headers } = await get('/channel/demo.tar.xz');
    expect([status, headers.link?.includes(rev)]).toEqual([307, true]);
    expect((await get('/channel/demo.tar.xz', { 'if-none-match': etag })).status).toBe(304);
  });

  it('makes URLs of the configured base alone, whatever Host says', async () => {
    const { get } = rig();
    const hosts = {
      host: 'evil.test',
      'x-forwarded-host': 'evil.test',
      forwarded: 'host=evil.test',
      'x-forwarded-proto': 'http',
    };
    for (const path of ['/channel/demo.tar.xz', '/channel/demo', '/permanent/none.tar.xz', '/permanent/demo-2.tar.xz'])
      expect(JSON.stringify(await get(path, hosts))).not.toContain('evil.test');
  });

  it('writes a plus as %2B, and reads a blank as one', async () => {
    const { get } = rig();
    for (const path of ['/channel/plus+one.tar.xz', '/channel/plus one.tar.xz']) {
      const { headers } = await get(path);
      expect(headers.location).toBe(`${base}/permanent/plus%2B1.tar.xz`);
      expect(headers.link).toContain('/permanent/plus%2B1.tar.xz>');
    }
    expect((await get('/permanent/plus 1.tar.xz')).headers.location).toContain('plus%2B1.tar.xz');
  });

  it.each([
    [
      'an unknown channel',
      '/channel/none.tar.xz',
      404,
      'There is no channel "none.tar.xz". Channels: demo, empty, image',
    ],
    ['an empty channel', '/channel/empty.tar.gz', 404, 'has no release'],
    ['a removed channel', '/channel/gone.tar.xz', 410, 'was removed'],
    ['the page of a removed channel', '/channel/gone', 410, 'was removed'],
    ['a removed channel, the old way', '/channel/gone/nixexprs.tar.xz', 410, 'was removed'],
    ['another extension', '/channel/demo.tar.gz', 404, 'ask for /channel/demo.tar.xz'],
    ['an empty name', '/channel/', 404, 'There is no channel ""'],
    ['no name', '/channel', 404, 'There is no channel ""'],
    ['a file of another name', '/channel/demo/other.tar.xz', 404, 'nothing at this address'],
    ['a file below the legacy one', '/channel/demo/nixexprs.tar.xz/a', 404, 'nothing at this address'],
    ['another file at the root', '/index.html', 404, 'nothing at this address'],
    ['a reserved name', '/channel/channels.json', 404, 'There is no channel'],
  ])('answers %s with a sentence', async (_, path, status, sentence) => {
    const { get } = rig();
    const answer = await get(path);
    expect(answer).toMatchObject({ status, body: expect.stringContaining(sentence) });
    expect(answer.headers).not.toHaveProperty('link');
    expectText(answer);
  });

  it('answers 410 for a record marked as removed before the catalog is, and for one that is in the catalog alone', async () => {
    const { bucket, get } = rig();
    bucket.putJson('demo.json', { latest: 'demo-2', removed: true });
    expect((await get('/channel/demo.tar.xz')).status).toBe(410);
    bucket.objects.delete('gone.json');
    expect((await get('/channel/gone.tar.xz')).status).toBe(410);
  });

  it('does not resolve a yanked release', async () => {
    const { bucket, get } = rig();
    bucket.putJson('demo.json', { latest: 'demo-2', facts, yanked: { 'demo-2': {} } });
    expect((await get('/channel/demo.tar.xz')).status).toBe(404);
    expect((await get('/channel/demo.tar.xz', { 'if-none-match': etag })).status).toBe(404);
    expect((await get('/channel/demo')).body).not.toContain('demo-2');
    expect((await get('/permanent/demo-2.tar.xz')).status).toBe(307);
  });

  it('prefers a channel with its extension to the page of a channel with the longer name', async () => {
    const { bucket, get } = rig();
    bucket.putJson('channels.json', { channels: ['image', 'image.iso', 'image.iso.gz'] });
    bucket.putJson('image.iso.json', { latest: 'longer-1', file_extension: '.tar.xz' });
    bucket.putJson('image.iso.gz.json', { latest: 'longest-1' });
    expect((await get('/channel/image.iso')).headers.location).toBe(`${base}/permanent/image-1.iso`);
    expect((await get('/channel/image.iso.tar.xz')).headers.location).toBe(`${base}/permanent/longer-1.tar.xz`);
    expect((await get('/channel/image.iso.gz')).status).toBe(200);
    expect((await get('/channel/image')).status).toBe(200);
  });

  it('prefers the longest name of several that fit', async () => {
    const { bucket, get } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'a.b'] });
    bucket.putJson('a.json', { latest: 'short-1', file_extension: '.b.c' });
    bucket.putJson('a.b.json', { latest: 'long-1', file_extension: '.c' });
    expect((await get('/channel/a.b.c')).headers.location).toBe(`${base}/permanent/long-1.c`);
    expect((await get('/channel/a.b.x')).body).toContain('ask for /channel/a.b.c');
  });

  it('serves a record whose extension has no dot as the Rust service does, at the name and the extension joined', async () => {
    const { bucket, get } = rig();
    bucket.putJson('channels.json', { channels: ['new-24.05', 'new', 'new-24', 'new-24.05txt.gz'] });
    bucket.putJson('new-24.05.json', { latest: 'new-1.', file_extension: 'txt' });
    bucket.put('new-1.txt', 'text');
    const answer = await get('/channel/new-24.05txt');
    expect([answer.status, answer.headers.location]).toEqual([307, `${base}/permanent/new-1.txt`]);
    expect((await get('/permanent/new-1.txt')).status).toBe(307);
    expect((await get('/channel/new-24.05')).status).toBe(200);
    const dotted = await get('/channel/new-24.05.txt');
    expect([dotted.status, dotted.body]).toEqual([404, expect.stringContaining('ask for /channel/new-24.05txt')]);
  });

  it('prefers a channel with an extension without a dot to the page of a channel with the longer name', async () => {
    const { bucket, get } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'atxt'] });
    bucket.putJson('a.json', { latest: 'a-1', file_extension: 'txt' });
    bucket.putJson('atxt.json', { latest: 'longer-1' });
    expect((await get('/channel/atxt')).headers.location).toBe(`${base}/permanent/a-1txt`);
    expect((await get('/channel/atxt.tar.xz')).headers.location).toBe(`${base}/permanent/longer-1.tar.xz`);
  });

  it.each(['xz', 'bz2', 'gz'])('answers nixexprs.tar.%s as the channel does', async (format) => {
    const { get, head } = rig();
    const answer = await get('/channel/demo.tar.xz');
    expect(await get(`/channel/demo/nixexprs.tar.${format}`)).toEqual(answer);
    expect(await head(`/channel/demo/nixexprs.tar.${format}`)).toEqual(answer);
  });
});

describe('GET and HEAD /permanent/{release}{ext}', () => {
  it('GET leads to the bucket, never with a Link', async () => {
    const { get } = rig();
    const { status, headers } = await get('/permanent/demo-1.tar.xz');
    expect(status).toBe(307);
    expect(headers).toEqual({ location: 'https://bucket.test/demo-1.tar.xz?signed=1', 'cache-control': 'no-store' });
  });

  it('HEAD tells of the object and hands out nothing that expires', async () => {
    const { head, clock } = rig();
    const lastModified = new Date(clock.time - 7_200_000).toUTCString();
    const { status, headers, body } = await head('/permanent/demo-2.tar.xz');
    expect([status, body]).toEqual([200, '']);
    expect(headers).toMatchObject({
      etag,
      'last-modified': lastModified,
      'accept-ranges': 'bytes',
      'content-length': '4',
    });
    expect(headers).not.toHaveProperty('location');
  });

  it.each([
    ['with facts in its record', facts],
    ['of which only the object has facts', undefined],
  ])('HEAD of a release %s carries the Link that its channel gives, GET never has one', async (_, known) => {
    const { bucket, get, head } = rig();
    bucket.put('demo-2.tar.xz', 'two!', factsToMetadata(facts, 'demo'), etag);
    bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'], facts: known });
    const link = `<${base}/permanent/demo-2.tar.xz?rev=${rev}&revCount=7&lastModified=1767225600&narHash=${encodeURIComponent(narHash)}>; rel="immutable"`;
    expect((await get('/channel/demo.tar.xz')).headers.link).toBe(link);
    expect((await head('/permanent/demo-2.tar.xz')).headers.link).toBe(link);
    expect((await get('/permanent/demo-2.tar.xz')).headers).not.toHaveProperty('link');
    expect((await head('/permanent/demo-1.tar.xz')).headers.link).toBe(
      `<${base}/permanent/demo-1.tar.xz>; rel="immutable"`,
    );
    expect((await head('/permanent/demo-2.tar.xz', { 'if-none-match': etag })).headers).not.toHaveProperty('link');
    expect((await head('/permanent/demo-3.tar.xz')).headers).not.toHaveProperty('link');
  });

  it.each([
    ['an old release that no record names', '/permanent/older.tar.bz2'],
    ['a release of a removed channel', '/permanent/gone-1.tar.xz'],
    ["a release with a channel's own extension", '/permanent/image-1.iso'],
  ])('serves %s', async (_, path) => {
    const { get, head } = rig();
    expect((await get(path)).status).toBe(307);
    expect((await head(path)).status).toBe(200);
  });

  it.each([
    ['nothing', '/permanent/'],
    ['no name', '/permanent'],
    ['a release that is not there', '/permanent/demo-3.tar.xz'],
    ['a release under another extension', '/permanent/demo-2.tar.gz'],
    ['a release without its extension', '/permanent/demo-2'],
    ['the catalog', '/permanent/channels.json'],
    ['a record', '/permanent/demo.json'],
    ['the deny list', '/permanent/revoked.json'],
    ['a record in capitals', '/permanent/secret.JSON'],
    ['another file of the bucket', '/permanent/notes.txt'],
    ['a key with a slash', '/permanent/uploads/a.tar.xz'],
    ['a way out', '/permanent/../channels.json'],
    ['two dots', '/permanent/..'],
    ['NUL', '/permanent/demo-2\0.tar.xz'],
    ['a line feed', '/permanent/demo-2\n.tar.xz'],
    ['half a surrogate pair', '/permanent/\ud800.tar.xz'],
    ['9 KB', `/permanent/${'a'.repeat(9_000)}.tar.xz`],
    ['1,025 bytes in fewer characters', `/permanent/${'é'.repeat(509)}.tar.xz`],
    ['9 KB of dots', `/permanent/${'.'.repeat(9_000)}`],
  ])('answers %s with 404', async (_, path) => {
    const { get, head } = rig();
    for (const answer of [await get(path), await head(path)]) {
      expect(answer.status).toBe(404);
      expectText(answer);
    }
  });

  it.each([
    ['a record', 'a.json'],
    ['a record in capitals', 'a.JSON'],
    ['a key with a slash', 'a/b.tar.xz'],
    ['NUL', 'a\0.tar.xz'],
    ['half a surrogate pair', '\udfff.tar.xz'],
    ['9 KB', `${'a'.repeat(9_000)}.tar.xz`],
    ['1,025 bytes in fewer characters', `${'é'.repeat(509)}.tar.xz`],
  ])('asks the bucket nothing for %s', async (_, key) => {
    const { get, callsOf } = rig();
    expect(await callsOf(() => get(`/permanent/${key}`))).toEqual([]);
  });

  it('hands out a URL again in the first half of its life only', async () => {
    const { get, clock } = rig();
    const location = async () => (await get('/permanent/demo-2.tar.xz')).headers.location;
    const first = await location();
    clock.advance(449_999);
    expect(await location()).toBe(first);
    clock.advance(1);
    expect(await location()).not.toBe(first);
  });
});

describe('If-None-Match', () => {
  it.each([
    ['the tag', etag],
    ['a weak tag', `W/${etag}`],
    ['a list', `"x", ${etag}`],
    ['a list of weak tags without blanks', `W/"x",W/${etag}`],
  ])('that has %s of what would be served: 304, at both', async (_, header) => {
    const { get, head } = rig();
    for (const path of ['/channel/demo.tar.xz', '/channel/demo/nixexprs.tar.xz', '/permanent/demo-2.tar.xz'])
      for (const ask of [get, head]) {
        const answer = await ask(path, { 'if-none-match': header });
        expect(answer).toMatchObject({ status: 304, headers: { etag }, body: '' });
        expect(answer.headers).not.toHaveProperty('link');
      }
  });

  it.each([
    ['another tag', '"e1"'],
    ['any: *', '*'],
    ['nothing', ''],
    ['the tag without quotes', 'e2'],
    ['a tag that contains it', '"xe2"'],
    ['an open quote', '"e2'],
  ])('that has %s changes nothing', async (_, header) => {
    const { get } = rig();
    for (const path of ['/channel/demo.tar.xz', '/permanent/demo-2.tar.xz']) {
      const answer = await get(path, { 'if-none-match': header });
      expect(answer).toEqual(await get(path));
      expect(answer.status).toBe(307);
    }
  });

  it('holds for a release of another tool too', async () => {
    const { bucket, get } = rig();
    const header = { 'if-none-match': bucket.objects.get('image-1.iso')?.etag as string };
    expect((await get('/channel/image.iso', header)).status).toBe(304);
    expect((await get('/permanent/image-1.iso', header)).status).toBe(304);
  });

  it('never makes a page 304', async () => {
    const { get } = rig();
    expect((await get('/channel/demo', { 'if-none-match': etag })).status).toBe(200);
  });
});

describe('a Range at the channel', () => {
  /** Two hours after the clock's beginning: when it is asked. */
  const asked = Date.parse('2026-01-01T02:00:00Z');
  const change = (serial: number, minutes: number, more: object): object => ({
    serial,
    operation: `operation-${serial}`,
    at: new Date(asked + minutes * 60_000).toISOString(),
    by: 'arn:aws:iam::111122223333:role/ci',
    ...more,
  });
  const added = change(1, -600, { action: 'add' });
  const set = change(3, -1, { action: 'set', maxAge: 3_600 });
  const moved = (action: string, minutes: number, from?: string): object =>
    change(2, minutes, { action, release: 'demo-2', from });
  const settled = { latest: 'demo-2', previous: ['demo-1', 'demo-3'] };

  const statusOf = async (range: string, after: number): Promise<number> => {
    const { bucket, clock, get } = rig();
    bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'] });
    clock.advance(after);
    return (await get('/channel/demo.tar.xz', { range })).status;
  };

  it.each([
    ['from the middle', 'bytes=1000-', 412],
    ['of the last bytes', 'bytes=-1000', 412],
    ['from 10', 'bytes=10-', 412],
    ['from the start', 'bytes=0-', 307],
    ['from the start to somewhere', 'bytes=0-99', 307],
    ['from the start, in capitals', 'Bytes=0-', 307],
  ])('%s, within an hour of a change', async (_, range, status) => {
    expect(await statusOf(range, 3_599_000)).toBe(status);
  });

  it('is served once an hour has passed', async () => {
    expect(await statusOf('bytes=1000-', 3_600_000)).toBe(307);
  });

  it.each([
    ['a first release', { latest: 'demo-2' }, 307],
    [
      'a first release of ours',
      { latest: 'demo-2', previous: [], serial: 2, history: [added, moved('publish', -1)] },
      307,
    ],
    ['a changed setting', { ...settled, history: [moved('publish', -120, 'demo-1'), set] }, 307],
    ['a move', { ...settled, history: [moved('publish', -59, 'demo-1'), set] }, 412],
    ['a rollback', { ...settled, history: [moved('rollback', -59, 'demo-3')] }, 412],
    ['a move an hour ago', { ...settled, history: [moved('publish', -60, 'demo-1'), set] }, 307],
  ])('that does not begin at 0, after %s', async (_, record, status) => {
    const { bucket, get } = rig();
    bucket.putJson('demo.json', record);
    expect((await get('/channel/demo.tar.xz', { range: 'bytes=7-' })).status).toBe(status);
  });

  it('that is refused says what to do, and 304 comes before', async () => {
    const { bucket, get } = rig();
    const history = [moved('publish', -5, 'demo-1')];
    bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'], facts, history });
    const answer = await get('/channel/demo.tar.xz', { range: 'bytes=7-' });
    expect(answer).toMatchObject({
      status: 412,
      body:
        'The channel "demo" moved while it was downloaded: run it again. To resume, use ' +
        `${base}/permanent/demo-1.tar.xz if the download began before 2026-01-01T01:55:00Z, or ` +
        `${base}/permanent/demo-2.tar.xz if it began after 2026-01-01T01:55:00Z.\n`,
    });
    expectText(answer);
    expect((await get('/channel/demo.tar.xz', { range: 'bytes=7-', 'if-none-match': etag })).status).toBe(304);
    expect((await get('/permanent/demo-2.tar.xz', { range: 'bytes=7-' })).status).toBe(307);
  });

  it.each([
    ['names that fill the text', (name: string) => name.padEnd(128, '+'), 'run it again.\n'],
    ['a name before that cannot be asked for', (name: string) => (name === 'a' ? '\ud800' : name), 'use https'],
  ])('that is refused is answered in under 1,024 bytes with %s', async (_, nameOf, words) => {
    const { bucket, get } = rig();
    bucket.putJson('demo.json', { latest: nameOf('b'), previous: [nameOf('a')] });
    const answer = await get('/channel/demo.tar.xz', { range: 'bytes=7-' });
    expect(answer).toMatchObject({ status: 412, body: expect.stringContaining(words) });
    expectText(answer);
  });
});

describe('other methods', () => {
  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'get', ''])('%j is not answered', async (method) => {
    const { get } = rig();
    for (const path of ['/channel/demo.tar.xz', '/permanent/demo-2.tar.xz', '/nowhere']) {
      const answer = await get(path, {}, method);
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
  });
});

describe('freshness', () => {
  it('asks S3 nothing for a request that was asked before', async () => {
    const { get, head, callsOf } = rig();
    const paths = [
      '/channel/demo.tar.xz',
      '/channel/demo',
      '/channel/demo/nixexprs.tar.xz',
      '/permanent/demo-2.tar.xz',
      '/channel/gone.tar.xz',
    ];
    const all = async () => {
      for (const path of paths) await Promise.all([get(path), head(path), get(path, { 'if-none-match': etag })]);
    };
    await all();
    expect(await callsOf(all)).toEqual([]);
  });

  it('asks one request of S3 each for catalog and record when they are old', async () => {
    const { get, clock, callsOf } = rig();
    await get('/channel/demo.tar.xz');
    clock.advance(channelMaxAge);
    const calls = await callsOf(() => Promise.all(Array.from({ length: 20 }, () => get('/channel/demo.tar.xz'))));
    expect(calls).toEqual([
      expect.stringMatching(/^get channels\.json unless "/),
      expect.stringMatching(/^get demo\.json unless "/),
    ]);
  });

  it('sees a publication when the record is old, and not before', async () => {
    const { bucket, get, clock } = rig();
    await get('/channel/demo.tar.xz');
    bucket.putJson('demo.json', { latest: 'demo-1' });
    clock.advance(channelMaxAge - 1);
    expect((await get('/channel/demo.tar.xz')).headers.location).toContain('demo-2');
    clock.advance(1);
    expect((await get('/channel/demo.tar.xz')).headers.location).toContain('demo-1');
  });

  it('asks S3 nothing of names that the catalog does not have', async () => {
    const { get, callsOf } = rig();
    await get('/channel/demo.tar.xz');
    const names = [
      'none',
      'none.tar.xz',
      'channels.json',
      '../demo',
      'revoked',
      '__proto__',
      'demo2.tar.xz',
      'a.'.repeat(4_000),
    ];
    expect(await callsOf(() => Promise.all(names.map((name) => get(`/channel/${name}`))))).toEqual([]);
  });
});

describe('faults', () => {
  const bucketAway = (): never => {
    throw away();
  };

  it('serves what it knows without limit while S3 is away, and logs it', async () => {
    const { bucket, get, clock, lines } = rig();
    await get('/channel/demo.tar.xz');
    bucket.fault = bucketAway;
    for (let hour = 0; hour < 24; hour += 1) {
      clock.advance(3_600_000);
      expect((await get('/channel/demo.tar.xz')).status).toBe(307);
    }
    const stale = lines.filter(({ level, message }) => level === 'warn' && message === 'stale');
    expect(stale.map(({ keys }) => keys)).toEqual(Array(24).fill(['channels.json', 'demo.json']));
  });

  it.each([
    '/channel/demo.tar.xz',
    '/channel/demo',
    '/channel/none',
    '/permanent/image-1.iso',
    '/permanent/demo-2.tar.xz',
  ])('asks to try again for %s where nothing was ever loaded', async (path) => {
    const { bucket, get, lines } = rig();
    const { reader } = bucket;
    for (const name of ['readText', 'head'] as const)
      reader[name] = (async () => {
        throw (await import('../../support/memory-bucket.ts')).away();
      }) as never;
    const answer = await get(path);
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('try again') });
    expectText(answer);
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      message: 'unavailable',
      error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('hides nothing when the catalog is damaged', async () => {
    const { bucket, get, clock, lines } = rig();
    await get('/channel/demo.tar.xz');
    bucket.put('channels.json', '{"channels": "');
    clock.advance(channelMaxAge);
    expect((await get('/channel/demo.tar.xz')).status).toBe(307);
    expect((await get('/channel/image.iso')).status).toBe(307);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'unreadable', key: 'channels.json' }),
    );
  });

  it.each(['{', '[]', '{"latest": "../x"}', '{"file_extension": ".json"}'])(
    'says 404 and logs a record that is %s, while others are served',
    async (text) => {
      const { bucket, get, lines } = rig();
      bucket.put('demo.json', text);
      const answer = await get('/channel/demo.tar.xz');
      expect(answer).toMatchObject({ status: 404, body: expect.stringContaining('missing or damaged') });
      expectText(answer);
      expect((await get('/channel/demo')).status).toBe(404);
      expect((await get('/channel/image.iso')).status).toBe(307);
      expect((await get('/permanent/image-1.iso')).status).toBe(307);
      expect((await get('/permanent/demo-2.tar.xz')).status).toBe(307);
      expect(lines).toContainEqual(
        expect.objectContaining({ level: 'error', message: 'unreadable', key: 'demo.json' }),
      );
    },
  );

  it('serves a release that was asked for before it was published as soon as it is there', async () => {
    const { bucket, get } = rig();
    const path = '/permanent/demo-3.tar.xz';
    expect((await get(path)).status).toBe(404);
    bucket.put('demo-3.tar.xz', 'three');
    expect((await get(path)).status).toBe(307);
  });

  it('serves a release of a channel that is new since the catalog was read, whatever its extension is', async () => {
    const { bucket, get, callsOf } = rig();
    const path = '/permanent/disk-1.qcow2';
    expect((await get(path)).status).toBe(404);
    bucket.put('disk-1.qcow2', 'a disk');
    expect((await get(path)).status).toBe(404);
    bucket.putJson('disk.json', { latest: 'disk-1', file_extension: '.qcow2' });
    bucket.putJson('channels.json', { channels: ['demo', 'disk'] });
    expect((await get(path)).status).toBe(307);
    const others = await callsOf(() => get('/permanent/disk-1.vhd'));
    expect(others).toEqual([expect.stringMatching(/^get channels\.json unless "/)]);
  });

  it('serves during a flood of unknown names what a record names, and what its channel was moved to elsewhere', async () => {
    const { bucket, get } = rig();
    await get('/channel/demo.tar.xz');
    bucket.put('demo-3.tar.xz', 'three');
    bucket.putJson('demo.json', { latest: 'demo-3', previous: ['demo-1', 'demo-2'] });
    const flood = Array.from({ length: 50 }, (_, index) => get(`/permanent/demo-made-up-${index}.tar.xz`));
    expect((await get('/permanent/demo-3.tar.xz')).status).toBe(307);
    expect((await get('/permanent/demo-1.tar.xz')).status).toBe(307);
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([404, 503]));
    const reads = bucket.calls.filter((call) => call.startsWith('get demo.json'));
    expect(reads.length).toBeLessThanOrEqual(3);
  });

  it('looks up at most 8 unknown releases at once', async () => {
    const { get } = rig();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => get(`/permanent/made-up-${index}.tar.xz`)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 404)).toHaveLength(8);
    expect(statuses.filter((status) => status === 503)).toHaveLength(12);
    expect((await get('/permanent/made-up-19.tar.xz')).status).toBe(404);
  });

  it('keeps the last good record when an answer is cut, and asks for the whole next time', async () => {
    const { bucket, get, clock, lines, requests, callsOf } = rig();
    const answer = await get('/channel/demo.tar.xz');
    const whole = bucket.objects.get('demo.json')?.text as string;
    bucket.put('demo.json', whole.slice(0, -7), {}, '"new"');
    clock.advance(channelMaxAge);
    expect(await get('/channel/demo.tar.xz')).toEqual(answer);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'unreadable', key: 'demo.json' }));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'stale', keys: ['demo.json'] }));
    expect(requests.at(-1)).toMatchObject({ StaleAnswers: 1 });
    bucket.put('demo.json', whole.replace('"demo-2"', '"demo-1"'), {}, '"new"');
    clock.advance(5_000);
    const calls = await callsOf(async () => {
      expect((await get('/channel/demo.tar.xz')).headers.location).toContain('demo-1');
    });
    expect(calls).toContain('get demo.json');
  });

  it('asks again within five seconds for a record of which the first answer was cut', async () => {
    const { bucket, get, clock } = rig();
    const whole = bucket.objects.get('demo.json')?.text as string;
    bucket.put('demo.json', whole.slice(0, -7), {}, '"same"');
    expect((await get('/channel/demo.tar.xz')).status).toBe(404);
    bucket.put('demo.json', whole, {}, '"same"');
    clock.advance(5_000);
    expect((await get('/channel/demo.tar.xz')).status).toBe(307);
  });

  it('hides what a defect says, and logs it', async () => {
    const { bucket, get, lines } = rig();
    bucket.reader.presignGet = () => Promise.reject(new TypeError('secret'));
    const answer = await get('/permanent/demo-2.tar.xz');
    expect(answer).toMatchObject({ status: 500, body: expect.stringContaining('request-1') });
    expect(answer.body).not.toContain('secret');
    expect(lines.at(-1)).toMatchObject({ message: 'defect', error: 'TypeError: secret', stack: expect.any(String) });
  });

  it('gives up looking for an extension when records come slowly', async () => {
    const { bucket, clock, get } = rig();
    const channels = Array.from({ length: 100 }, (_, index) => `c${index}`);
    bucket.putJson('channels.json', { channels });
    for (const channel of channels) bucket.putJson(`${channel}.json`, {});
    bucket.fault = (call, moment) => {
      if (moment === 'before' && call.startsWith('get c')) clock.advance(200);
    };
    expect((await get('/permanent/image-1.iso')).status).toBe(503);
  });
});

describe('warming', () => {
  it('loads the catalog and the first 16 records', async () => {
    const { bucket, serve } = rig();
    const channels = Array.from({ length: 50 }, (_, index) => `c${index}`);
    bucket.putJson('channels.json', { channels });
    for (const channel of channels) bucket.putJson(`${channel}.json`, {});
    await serve.warm();
    expect(bucket.calls).toHaveLength(17);
  });

  it('never fails', async () => {
    const { bucket, serve, lines } = rig();
    bucket.fault = () => {
      throw new Error('away');
    };
    await serve.warm();
    expect(lines).toEqual([{ level: 'warn', message: 'not warmed', error: 'Error: away' }]);
  });
});

describe('any request', () => {
  const segment = fc.oneof(
    fc.constantFrom(
      'channel',
      'permanent',
      'demo',
      'demo.tar.xz',
      'demo-2.tar.xz',
      'nixexprs.tar.xz',
      '..',
      '',
      '.json',
    ),
    anyText(),
    anyText(200),
    fc.constantFrom('\u0001', '"', '.', 'é', '\ud83d', '漢').map((sign) => sign.repeat(3_000)),
  );
  const path = fc
    .tuple(fc.constantFrom('/channel/', '/permanent/', '/'), fc.array(segment, { maxLength: 4 }))
    .map(([root, rest]) => root + rest.join('/'));
  const header = fc.oneof(anyText(), fc.constantFrom('bytes=', '*', '"', 'W/"', 'bytes=0-,5-'));

  it('is never answered with 5xx or 429, and in under 1024 bytes', async () => {
    const { get, clock } = rig();
    await fc.assert(
      fc.asyncProperty(
        path,
        header,
        header,
        fc.constantFrom('GET', 'HEAD', 'POST'),
        async (rawPath, range, known, method) => {
          clock.advance(60_000);
          const answer = await get(rawPath, { range, 'if-none-match': known }, method);
          expect([200, 304, 307, 404, 405, 410, 412]).toContain(answer.status);
          if (answer.status >= 400) expectText(answer);
          else expect(JSON.stringify(answer.headers)).not.toMatch(/\\[rn]/);
        },
      ),
      { seed: 30, numRuns: 600 },
    );
  });

  it.each([
    ['short names', 'a'.repeat(8)],
    ['long names', 'a'.repeat(124)],
  ])(
    'of a channel that is not there lists channels in under 1024 bytes, however many there are with %s',
    async (_, name) => {
      const { bucket, get } = serveRig();
      bucket.putJson('channels.json', {
        channels: Array.from({ length: 900 }, (_, index) => `${name}${100 + index}`),
      });
      for (const sign of ['\u0001', '\u009f', '漢', '\ud800', 'x']) {
        const answer = await get(`/channel/${sign.repeat(3_000)}`);
        expect(answer).toMatchObject({
          status: 404,
          body: expect.stringMatching(/ and more\. The page \/ lists all that you may read\.\n$/),
        });
        expectText(answer);
      }
    },
  );
});

describe('warming', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits for slow records for 1.5 s and no longer', async () => {
    let ended = false;
    const never = new Promise<never>(() => {});
    const directory = {
      catalog: async () => ({ channels: new Set(['a']), public: new Set<string>(), removed: new Set<string>() }),
      record: () => never,
    };
    const warming = warm(directory, undefined, logLines().log).then(() => {
      ended = true;
    });
    await jest.advanceTimersByTimeAsync(1_499);
    expect(ended).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await warming;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const directory = {
      catalog: async () => ({ channels: new Set<string>(), public: new Set<string>(), removed: new Set<string>() }),
      record: async () => ({ changedAt: 0 }),
    };
    await warm(directory, undefined, logLines().log);
    expect(jest.getTimerCount()).toBe(0);
  });
});
