import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { follow } from '../support/raw-request.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

/** A bucket as the Rust service and its upload tool leave it. */
describe('a bucket that another tool filled', () => {
  let system: TestSystem;
  const tarball = Buffer.from('the bytes of the newest release');

  beforeAll(async () => {
    system = await startTestSystem();
    await system.lay('channels.json', {
      channels: [
        'nixos-25.05',
        'minimal',
        'facts',
        'empty',
        'null-latest',
        'missing',
        'broken',
        'nixos',
        'nixos.iso',
        'plus+plus',
        'bad name',
      ],
      removed: ['old'],
    });
    await system.lay('nixos-25.05.json', { latest: 'nixos-25.05-2', previous: ['nixos-25.05-1'] });
    await system.lay('minimal.json', { latest: 'minimal-1', file_extension: '.iso' });
    await system.lay('facts.json', { latest: 'facts-1', file_extension: '.iso' });
    await system.lay('empty.json', { file_extension: '.tar.gz', previous: [] });
    await system.lay('null-latest.json', { latest: null, file_extension: '.tar.xz', previous: [] });
    await system.lay('broken.json', '{"latest": ');
    await system.lay('nixos.json', { latest: 'nixos-1', file_extension: '.iso' });
    await system.lay('nixos.iso.json', { latest: 'nixos.iso-1', file_extension: '.tar.xz' });
    await system.lay('plus+plus.json', { latest: 'plus+plus-1', file_extension: '.tar.xz' });
    await system.lay('old.json', { latest: 'old-1', file_extension: '.tar.xz' });
    await system.lay('nixos-25.05-2.tar.xz', tarball);
    await system.lay('nixos-25.05-1.tar.xz', 'an older release');
    await system.lay('forgotten-1.tar.gz', 'a release that no record names');
    await system.lay('minimal-1.iso', 'an image');
    await system.lay('plus+plus-1.tar.xz', 'a name with a plus');
    await system.lay('old-1.tar.xz', 'of a removed channel');
    await system.lay('secret.txt', 'not a release');
    await system.lay('folder/inside.tar.xz', 'not a release either');
  });
  afterAll(() => system.close());

  it('leads from the channel to the release, and from there to the bytes', async () => {
    const channel = await system.ask('/channel/nixos-25.05.tar.xz');
    expect(channel.status).toBe(307);
    const permanent = `${system.baseUrl}/permanent/nixos-25.05-2.tar.xz`;
    expect(channel.headers).toMatchObject({
      location: permanent,
      link: `<${permanent}>; rel="immutable"`,
      'cache-control': 'no-cache',
    });
    const release = await system.ask('/permanent/nixos-25.05-2.tar.xz');
    expect(release.status).toBe(307);
    expect(release.headers['cache-control']).toBe('no-store');
    expect(release.headers.link).toBeUndefined();
    const url = new URL(release.headers.location as string);
    expect(Number(url.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(900);
    expect((await follow(url.href)).body).toEqual(tarball);
  });

  it('answers HEAD at /channel as GET, and at /permanent with what the object is', async () => {
    const channel = await system.ask('/channel/nixos-25.05.tar.xz', { method: 'HEAD' });
    expect(channel.status).toBe(307);
    expect(channel.headers.link).toBeDefined();
    const release = await system.ask('/permanent/nixos-25.05-2.tar.xz', { method: 'HEAD' });
    expect(release.status).toBe(200);
    expect(release.headers['content-length']).toBe(String(tarball.length));
    expect(release.headers['accept-ranges']).toBe('bytes');
    expect(release.headers['last-modified']).toMatch(/GMT$/);
    expect(release.headers.etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(release.headers.link).toBe(channel.headers.link);
  });

  it("gives the object's facts in the Link of both, for clients that send HEAD and take it from the last answer", async () => {
    const rev = '0a'.repeat(20);
    const Metadata = { rev, revcount: '7', lastmodified: '1767225600', channel: 'facts' };
    await system.lay('facts-1.iso', 'an image', { Metadata });
    const link = `<${system.baseUrl}/permanent/facts-1.iso?rev=${rev}&revCount=7&lastModified=1767225600>; rel="immutable"`;
    for (const path of ['/channel/facts.iso', '/permanent/facts-1.iso'])
      expect((await system.ask(path, { method: 'HEAD' })).headers.link).toBe(link);
    expect((await system.ask('/permanent/facts-1.iso')).headers.link).toBeUndefined();
  });

  it('answers 304 at both hops to clients that have the bytes, and never without If-None-Match', async () => {
    const { etag } = (await system.ask('/permanent/nixos-25.05-2.tar.xz', { method: 'HEAD' })).headers;
    const headers = { 'if-none-match': etag as string };
    expect((await system.ask('/channel/nixos-25.05.tar.xz', { headers })).status).toBe(304);
    expect((await system.ask('/permanent/nixos-25.05-2.tar.xz', { headers })).status).toBe(304);
    expect((await system.ask('/permanent/nixos-25.05-2.tar.xz', { method: 'HEAD', headers })).status).toBe(304);
    expect((await system.ask('/permanent/nixos-25.05-1.tar.xz', { headers })).status).toBe(307);
    expect((await system.ask('/channel/nixos-25.05.tar.xz')).status).toBe(307);
  });

  it('answers 412 to clients that resume a download after the channel moved, and not where it had only one release', async () => {
    const resumed = await system.ask('/channel/nixos-25.05.tar.xz', { headers: { range: 'bytes=100-' } });
    expect(resumed.status).toBe(412);
    expect(resumed.text).toContain('run it again');
    const whole = await system.ask('/channel/nixos-25.05.tar.xz', { headers: { range: 'bytes=0-' } });
    expect(whole.status).toBe(307);
    const first = await system.ask('/channel/minimal.iso', { headers: { range: 'bytes=3-' } });
    expect(first.status).toBe(307);
  });

  it('serves channels of other extensions, and their releases', async () => {
    expect((await follow(`${system.baseUrl}/channel/minimal.iso`)).text).toBe('an image');
    expect((await follow(`${system.baseUrl}/permanent/minimal-1.iso`)).text).toBe('an image');
  });

  it('takes a channel with its extension before the page of a channel of that name', async () => {
    const { headers } = await system.ask('/channel/nixos.iso');
    expect(headers.location).toBe(`${system.baseUrl}/permanent/nixos-1.iso`);
  });

  it('shows a short page for the bare name, and answers nix-channel below it', async () => {
    const page = await system.ask('/channel/nixos-25.05');
    expect(page.status).toBe(200);
    expect(page.text).toContain('/channel/nixos-25.05.tar.xz');
    for (const file of ['nixexprs.tar.xz', 'nixexprs.tar.gz']) {
      const { status, headers } = await system.ask(`/channel/nixos-25.05/${file}`);
      expect([status, headers.location]).toEqual([307, `${system.baseUrl}/permanent/nixos-25.05-2.tar.xz`]);
    }
    expect((await system.ask('/channel/nixos-25.05/other.tar.xz')).status).toBe(404);
  });

  it('writes a plus as %2B, and accepts one that became a space', async () => {
    const { headers } = await system.ask('/channel/plus%2Bplus.tar.xz');
    expect(headers.location).toBe(`${system.baseUrl}/permanent/plus%2Bplus-1.tar.xz`);
    for (const path of [
      '/permanent/plus%2Bplus-1.tar.xz',
      '/permanent/plus+plus-1.tar.xz',
      '/permanent/plus%20plus-1.tar.xz',
    ])
      expect((await follow(system.origin + path)).text).toBe('a name with a plus');
  });

  it('goes on serving releases that no record names, and those of removed channels', async () => {
    expect((await follow(`${system.baseUrl}/permanent/forgotten-1.tar.gz`)).text).toContain('no record');
    expect((await follow(`${system.baseUrl}/permanent/nixos-25.05-1.tar.xz`)).text).toContain('older');
    expect((await follow(`${system.baseUrl}/permanent/old-1.tar.xz`)).text).toContain('removed');
    expect((await system.ask('/channel/old.tar.xz')).status).toBe(410);
  });

  it.each([
    ['an unknown channel', '/channel/nope.tar.xz', 'nixos-25.05, minimal'],
    ['a channel without a release', '/channel/empty.tar.gz', 'no release'],
    ['a channel whose latest is null', '/channel/null-latest.tar.xz', 'no release'],
    ['a channel whose record is missing', '/channel/missing.tar.xz', 'missing or damaged'],
    ['a channel whose record is broken', '/channel/broken.tar.xz', 'missing or damaged'],
    ['a wrong extension', '/channel/nixos-25.05.tar.gz', '/channel/nixos-25.05.tar.xz'],
    ['a name in the catalog that is none', '/channel/bad%20name.tar.xz', 'There is no channel'],
    ['an unknown release', '/permanent/nixos-25.05-3.tar.xz', 'There is no release'],
    ['the catalog', '/permanent/channels.json', 'There is no release'],
    ['a record', '/permanent/minimal.json', 'There is no release'],
    ['a record in capitals', '/permanent/minimal.JSON', 'There is no release'],
    ['an object that is no release', '/permanent/secret.txt', 'There is no release'],
    ['an object in a folder', '/permanent/folder%2Finside.tar.xz', 'nothing at this address'],
    ['the parent folder', '/permanent/..%2Fminimal-1.iso', 'nothing at this address'],
    ['the parent folder, encoded', '/permanent/%2e%2e', 'There is no release'],
    ['a NUL', '/permanent/a%00.tar.xz', 'There is no release'],
    ['a name of 9,000 characters', `/permanent/${'a'.repeat(9_000)}.tar.xz`, 'There is no release'],
    ['a channel of 9,000 characters', `/channel/${'a'.repeat(9_000)}`, 'There is no channel'],
  ])('answers 404 for %s, in a text under 1,024 bytes', async (_, path, words) => {
    const { status, headers, body, text } = await system.ask(path);
    expect(status).toBe(404);
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(text).toContain(words);
    expect(body.length).toBeLessThan(1_024);
  });

  it.each([
    '/permanent/../channels.json',
    '/permanent/',
    '/permanent//x.tar.xz',
    '/channels.json',
    '/permanent/%E0%A4%A',
    '/%',
  ])('answers %s with 400 or 404', async (path) => {
    expect([400, 404]).toContain((await system.ask(path)).status);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('answers 404 or 405 to %s', async (method) => {
    for (const path of ['/channel/nixos-25.05.tar.xz', '/permanent/nixos-25.05-2.tar.xz'])
      expect([404, 405]).toContain((await system.ask(path, { method })).status);
  });

  it('logs which objects it could not read', async () => {
    for (const channel of ['missing', 'broken']) await system.ask(`/channel/${channel}.tar.xz`);
    const keys = system
      .logged()
      .filter(({ message }) => message === 'unreadable')
      .map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set(['channels.json', 'missing.json', 'broken.json']));
  });
});

it('the service answers 404 where the bucket is empty', async () => {
  const system = await startTestSystem();
  try {
    const { status, text } = await system.ask('/channel/any.tar.xz');
    expect([status, text]).toEqual([404, 'There is no channel "any.tar.xz". There are no channels yet.\n']);
    expect((await system.ask('/permanent/any-1.tar.xz')).status).toBe(404);
  } finally {
    await system.close();
  }
});

it('the service hands out the configured base URL, whatever Host a client sends', async () => {
  const system = await startTestSystem({ baseUrl: 'https://nix.example.org/base' });
  try {
    await system.lay('channels.json', { channels: ['demo'] });
    await system.lay('demo.json', { latest: 'demo-1' });
    const { headers } = await system.ask('/channel/demo.tar.xz', { headers: { host: 'evil.example' } });
    expect(headers.location).toBe('https://nix.example.org/base/permanent/demo-1.tar.xz');
    expect(headers.link).toBe('<https://nix.example.org/base/permanent/demo-1.tar.xz>; rel="immutable"');
  } finally {
    await system.close();
  }
});
