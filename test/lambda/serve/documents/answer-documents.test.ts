import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyText } from '../../../support/any-text.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';
import { base, serveRig } from '../../../support/serve-rig.ts';
import { basic, newKey, token } from '../../../support/tokens.ts';

const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
const rev = '0a'.repeat(20);
const facts = { release: 'demo-2', etag: '"e2"', rev, revCount: 7, lastModified: 1767225600, narHash };
const by = 'arn:aws:iam::111122223333:user/ada';
const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const key = newKey('EdDSA');

const change = (serial: number, details: object) => ({ serial, operation: `o${serial}`, by, ...details });
const history = [
  change(1, { action: 'add', at: '2026-01-01T00:00:00.000Z' }),
  change(2, { action: 'publish', release: 'demo-1', at: '2026-01-01T01:00:00.000Z' }),
  change(3, { action: 'publish', release: 'demo-bad', from: 'demo-1', at: '2026-01-01T01:10:00.000Z' }),
  change(4, {
    action: 'yank',
    release: 'demo-bad',
    from: 'demo-bad',
    to: 'demo-1',
    reason: '<b>bold</b>',
    at: '2026-01-01T01:20:00.000Z',
  }),
  change(5, { action: 'set', visibility: 'public', at: '2026-01-01T01:25:00.000Z' }),
  change(6, { action: 'publish', release: 'demo-2', from: 'demo-1', at: '2026-01-01T01:30:00.000Z' }),
];

function rig(isPrivate = false) {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', {
    channels: ['empty', 'demo', 'lost', 'secret', 'nixos-25.05'],
    public: ['demo', 'empty'],
    removed: ['gone'],
  });
  bucket.putJson('demo.json', {
    latest: 'demo-2',
    previous: ['demo-0', 'demo-bad', 'demo-1'],
    serial: 6,
    facts,
    history,
    archives: { 'demo-2': { flake: true, topLevelEntries: 1 } },
    yanked: { 'demo-bad': { reason: '<b>bold</b>', at: '2026-01-01T01:20:00.000Z', by } },
  });
  bucket.putJson('empty.json', { latest: null });
  bucket.putJson('secret.json', { latest: 'secret-1' });
  bucket.putJson('nixos-25.05.json', { latest: 'n-1', archives: { 'n-1': { flake: true, topLevelEntries: 1 } } });
  bucket.putJson('gone.json', { latest: 'gone-1', removed: {} });
  bucket.put('demo-2.tar.xz', 'two!', { channel: 'demo' }, '"e2"');
  const jwt = { keys: { pems: [key.pem], defaultScope: 'all' as const }, leewaySeconds: 30 };
  const made = serveRig({ bucket, ...(isPrivate ? { jwt } : {}) });
  made.clock.advance(7_200_000);
  return made;
}

const reader = (claims: object): Record<string, string> => ({
  authorization: basic(token(key, { sub: 'x', exp: new FakeClock().now() / 1_000 + 86_400, ...claims })),
});

describe('the list of channels', () => {
  it('has each channel with its latest release, and tells empty, removed and unreadable ones apart', async () => {
    const { get } = rig();
    const { status, headers, body } = await get('/index.json');
    expect([status, headers['content-type'], headers['access-control-allow-origin']]).toEqual([
      200,
      'application/json',
      '*',
    ]);
    expect(JSON.parse(body)).toEqual({
      access: 'open',
      channels: [
        {
          channel: 'demo',
          state: 'served',
          url: `${base}/channel/demo.tar.xz`,
          latest: {
            release: 'demo-2',
            url: `${base}/permanent/demo-2.tar.xz`,
            publishedAt: '2026-01-01T01:30:00.000Z',
            rev,
            revCount: 7,
            lastModified: 1767225600,
            narHash,
          },
        },
        { channel: 'empty', state: 'empty', url: `${base}/channel/empty.tar.xz`, latest: null },
        { channel: 'gone', state: 'removed', latest: null },
        { channel: 'lost', state: 'unreadable', latest: null },
        expect.objectContaining({ channel: 'nixos-25.05' }),
        expect.objectContaining({ channel: 'secret', latest: { release: 'secret-1', url: expect.any(String) } }),
      ],
    });
  });

  it('is a page for a browser, text for curl and JSON for a program that asks for it', async () => {
    const { get } = rig();
    const page = await get('/', browser);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      vary: 'accept, authorization',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      ),
    });
    expect(page.body).toContain(`<a href="${base}/channel/demo">demo</a>`);
    expect(page.body).toContain('>inputs.demo.url = &#34;https://channels.test/channel/demo.tar.xz&#34;;</pre>');
    expect(page.body).toContain('30 minutes ago');
    const text = await get('/', { accept: '*/*' });
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text.body).toContain(`demo  demo-2  2026-01-01  ${rev}  ${base}/channel/demo.tar.xz\n`);
    expect(text.body).toContain('gone  removed\n');
    expect((await get('/', { accept: 'application/json' })).body).toBe((await get('/index.json')).body);
  });

  it('comes in pages that together have every channel once', async () => {
    const { bucket, get, clock } = rig();
    const channels = Array.from({ length: 1_203 }, (_, index) => `c-${index}`);
    bucket.putJson('channels.json', { channels });
    for (const channel of channels) bucket.putJson(`${channel}.json`, { latest: `${channel}-1` });
    clock.advance(3_600_000);
    const seen: string[] = [];
    let next = '';
    for (let page = 0; page < 3; page += 1) {
      const document = JSON.parse((await get(`/index.json${next}`)).body);
      seen.push(...document.channels.map(({ channel }: { channel: string }) => channel));
      next = `?after=${document.next}`;
      expect(document.next === undefined).toBe(page === 2);
    }
    expect(seen).toEqual([...channels].sort());
    const page = await get('/', browser);
    expect(Buffer.byteLength(page.body)).toBeLessThan(20_480);
    expect(page.body).toContain('>More channels</a>');
    expect(page.body).not.toContain('First page');
    expect((await get('/?after=c-5', browser)).body).toContain(`<a href="${base}/" rel="first">First page</a>`);
  });

  it('is empty in a service without channels, and after every name', async () => {
    const { bucket, get } = rig();
    bucket.objects.delete('channels.json');
    for (const accept of ['text/html', 'text/plain'])
      expect((await get('/', { accept })).body).toContain('There are no channels that you may read.');
    expect(JSON.parse((await get('/index.json?after=zzz')).body).channels).toEqual([]);
  });

  it('is not sent again to whoever has it', async () => {
    const { get } = rig();
    const { headers } = await get('/index.json');
    const again = await get('/index.json', { 'if-none-match': headers.etag as string });
    expect([again.status, again.body, again.headers.etag]).toEqual([304, '', headers.etag]);
  });
});

describe('the list of channels where tokens are required', () => {
  const namesFor = async (headers: Readonly<Record<string, string>>) => {
    const { get, callsOf } = rig(true);
    const asked: string[] = [];
    const calls = await callsOf(async () => asked.push((await get('/index.json', headers)).body));
    const { access, channels } = JSON.parse(asked[0] as string);
    return { access, names: channels.map(({ channel }: { channel: string }) => channel), calls };
  };

  it('has what a token gives and what is public, and reads no other record', async () => {
    const { access, names, calls } = await namesFor(reader({ channels: ['nixos-*'] }));
    expect([access, names]).toEqual(['token', ['demo', 'empty', 'nixos-25.05']]);
    expect(calls.join()).not.toMatch(/secret|lost|gone/);
    expect((await namesFor(reader({}))).names).toEqual(['demo', 'empty', 'gone', 'lost', 'nixos-25.05', 'secret']);
  });

  it.each([
    ['without a token', {}],
    ['with one that has expired', reader({ exp: 1 })],
    ['with something else', { authorization: 'Digest x' }],
  ])('has what is public, %s', async (_, headers) => {
    const { access, names, calls } = await namesFor(headers);
    expect([access, names]).toEqual(['public', ['demo', 'empty']]);
    expect(calls.join()).not.toMatch(/secret|lost|gone|nixos/);
  });

  it('says on the page how to see the others, and lets caches keep nothing that a token gave', async () => {
    const { get } = rig(true);
    expect((await get('/', browser)).body).toContain('channelctl list https://channels.test');
    const { headers } = await get('/', reader({}));
    expect(headers['cache-control']).toBe('private, no-cache');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a channel', () => {
  it('has its releases newest first, yanked ones with the reason, and nobody who published them', async () => {
    const { get } = rig();
    const { body } = await get('/channel/demo.json');
    expect(body).not.toContain('arn:');
    const { releases, latest, history: moves, ...rest } = JSON.parse(body);
    expect(rest).toEqual({
      channel: 'demo',
      state: 'served',
      url: `${base}/channel/demo.tar.xz`,
      extension: '.tar.xz',
      snippets: [
        { use: 'flake input', text: `inputs.demo.url = "${base}/channel/demo.tar.xz";` },
        {
          use: 'pinned flake input',
          text: `inputs.demo.url = "${base}/permanent/demo-2.tar.xz?rev=${rev}&revCount=7&lastModified=1767225600&narHash=${encodeURIComponent(narHash)}";`,
        },
        { use: 'nix-channel', text: `nix-channel --add ${base}/channel/demo demo` },
        {
          use: 'fetchTarball',
          text: `fetchTarball { url = "${base}/permanent/demo-2.tar.xz"; sha256 = "${narHash}"; }`,
        },
        { use: 'npins', text: `npins add --name demo tarball ${base}/channel/demo.tar.xz` },
      ],
    });
    expect(latest).toMatchObject({ release: 'demo-2', rev, narHash, size: 4 });
    expect(releases).toEqual([
      latest,
      { release: 'demo-1', url: `${base}/permanent/demo-1.tar.xz`, publishedAt: '2026-01-01T01:00:00.000Z' },
      {
        release: 'demo-bad',
        yanked: { reason: '<b>bold</b>', at: '2026-01-01T01:20:00.000Z' },
        publishedAt: '2026-01-01T01:10:00.000Z',
      },
      { release: 'demo-0', url: `${base}/permanent/demo-0.tar.xz` },
    ]);
    expect(moves.map(({ action }: { action: string }) => action)).toEqual(['publish', 'yank', 'publish', 'publish']);
  });

  it('has its retired releases with the reason, without a URL, and what is retired and yanked with both', async () => {
    const { bucket, get } = rig();
    const at = '2026-01-01T01:40:00.000Z';
    const until = '2026-01-31T01:40:00.000Z';
    const retire = change(7, { action: 'retire', count: 2, reason: '<b>old</b>', at });
    const takedown = change(8, {
      action: 'takedown',
      release: 'demo-0',
      from: 'demo-2',
      to: 'demo-2',
      reason: 'law',
      at,
    });
    bucket.putJson('demo.json', {
      ...bucket.json('demo.json'),
      history: [...history, change(6, { action: 'pin', release: 'demo-2', reason: 'ours', at }), retire, takedown],
      retired: {
        'demo-1': { reason: '<b>old</b>', at, by, until, instead: 'demo-2' },
        'demo-bad': { reason: '<b>old</b>', at, by, until, shared: true },
        'demo-2': { reason: 'raced', at, by, until },
      },
    });
    const { body } = await get('/channel/demo.json');
    expect(body).not.toMatch(/arn:|ours/);
    const { releases, history: moves } = JSON.parse(body);
    expect(releases).toMatchObject([
      { release: 'demo-2', url: `${base}/permanent/demo-2.tar.xz` },
      { release: 'demo-1', retired: { reason: '<b>old</b>', at, until, instead: 'demo-2' } },
      { release: 'demo-bad', yanked: { reason: '<b>bold</b>' }, retired: { reason: '<b>old</b>', at, until } },
      { release: 'demo-0', url: `${base}/permanent/demo-0.tar.xz` },
    ]);
    expect(releases[0]).not.toHaveProperty('retired');
    expect(releases[1]).not.toHaveProperty('url');
    expect(moves.slice(0, 2)).toEqual([
      { action: 'takedown', at, release: 'demo-0', from: 'demo-2', to: 'demo-2', reason: 'law' },
      { action: 'retire', at, count: 2, reason: '<b>old</b>' },
    ]);
    const text = (await get('/channel/demo')).body;
    expect(text).toContain('  demo-bad  retired on 2026-01-01, because <b>old</b>\n');
    expect(text).toContain('  retired 2 releases: <b>old</b>\n');
    expect(text).toContain('  took down demo-0: law; the latest is demo-2\n');
    const page = (await get('/channel/demo', browser)).body;
    expect(page).toContain('because &#60;b&#62;old&#60;/b&#62;');
    expect(page).not.toContain('/permanent/demo-1.tar.xz');
  });

  it('gives the releases after one, and says where there is none of that name', async () => {
    const { get } = rig();
    const page = JSON.parse((await get('/channel/demo.json?after=demo-1')).body);
    expect(page.releases.map(({ release }: { release: string }) => release)).toEqual(['demo-bad', 'demo-0']);
    expect(page.history).toEqual([]);
    expect(page).not.toHaveProperty('snippets');
    expect(await get('/channel/demo.json?after=%00')).toMatchObject({
      status: 400,
      body: expect.stringContaining('start again without "after"'),
    });
  });

  it('has a page with the lines to paste, its facts, its history and its releases', async () => {
    const { get } = rig();
    const { status, body } = await get('/channel/demo', browser);
    expect(status).toBe(200);
    expect(body).toContain(
      `<pre data-use="flake input">inputs.demo.url = &#34;${base}/channel/demo.tar.xz&#34;;</pre>`,
    );
    expect(body).toContain(`<pre data-use="nix-channel">nix-channel --add ${base}/channel/demo demo</pre>`);
    expect(body).toContain(`<dt>rev</dt><dd><code>${rev}</code></dd>`);
    expect(body).toContain('<dt>size</dt><dd><code>4 B (4 bytes)</code></dd>');
    const demo1 = `<a href="${base}/permanent/demo-1.tar.xz">demo-1</a>`;
    expect(body).toContain(`yanked demo-bad: &#60;b&#62;bold&#60;/b&#62;; the latest is ${demo1}`);
    expect(body).toContain(`<link rel="canonical" href="${base}/channel/demo">`);
    expect(body).toContain(
      `<link rel="alternate" type="application/atom+xml" title="Atom feed" href="${base}/channel/demo/feed.atom">`,
    );
    expect(body).not.toContain('<b>');
    const text = (await get('/channel/demo')).body;
    expect(text).toContain(`Latest release: demo-2\n  published: 2026-01-01T01:30:00.000Z\n  rev: ${rev}\n`);
    expect(text).toContain(`  inputs.demo.url = "${base}/channel/demo.tar.xz";\n`);
    expect(text).toContain('  demo-bad  yanked on 2026-01-01, because <b>bold</b>\n');
  });

  it('has on each page of its history the moves of the releases there, and on the first those of releases that are not named', async () => {
    const { bucket, get, clock } = rig();
    const lost = change(7, { action: 'publish', release: 'demo-lost', at: '2026-01-01T01:40:00.000Z' });
    bucket.putJson('demo.json', { ...bucket.json('demo.json'), history: [...history, lost] });
    clock.advance(3_600_000);
    const newest = (await get('/channel/demo', browser)).body;
    expect(newest).toContain('published demo-lost');
    const older = (await get('/channel/demo?after=demo-1', browser)).body;
    expect(older).toContain('<h2>Earlier history</h2>');
    expect(older).toContain('yanked demo-bad');
    expect(older).toContain(`>demo-0</a>`);
    expect(older).not.toMatch(/demo-lost|>demo-2<|>demo-1<\/a><\/p>|<pre/);
  });

  it('has a page before its first release, without a line that would not work', async () => {
    const { get } = rig();
    const { status, body } = await get('/channel/empty', browser);
    expect([status, body]).toEqual([200, expect.stringContaining('No release is published at present.')]);
    expect(body).not.toContain('<pre');
    expect(await get('/channel/empty/git-revision')).toMatchObject({ status: 404 });
  });

  it('names an input that Nix takes', async () => {
    const { bucket, get } = rig();
    bucket.putJson('channels.json', { channels: ['25.05'] });
    bucket.putJson('25.05.json', { latest: 'a-1' });
    expect((await get('/channel/25.05')).body).toContain('inputs._25-05 = ');
  });

  it('gives the revision of its latest release, and nothing else, at git-revision', async () => {
    const { get } = rig();
    expect(await get('/channel/demo/git-revision')).toMatchObject({ status: 200, body: rev });
    expect(await get('/channel/nixos-25.05/git-revision')).toMatchObject({
      status: 404,
      body: expect.stringContaining('No revision is known'),
    });
  });

  it('has a feed with an entry for each move', async () => {
    const { get } = rig();
    const { headers, body } = await get('/channel/demo/feed.atom');
    expect(headers['content-type']).toBe('application/atom+xml; charset=utf-8');
    expect(body.match(/<entry>/g)).toHaveLength(4);
    expect(body).toContain('<title>published demo-2</title><updated>2026-01-01T01:30:00.000Z</updated>');
    expect(body).toContain('<updated>2026-01-01T01:30:00.000Z</updated>\n<author>');
  });

  it('has what the record says while the bucket is away', async () => {
    const { bucket, get } = rig();
    await get('/channel/demo.tar.xz');
    bucket.fault = () => {
      throw away();
    };
    expect(JSON.parse((await get('/channel/demo.json')).body).latest).toMatchObject({ release: 'demo-2', rev });
  });

  it.each(['/channel/secret.json', '/channel/secret', '/channel/secret/git-revision', '/channel/secret/feed.atom'])(
    'is not there for whoever may not read it: %s',
    async (path) => {
      const { get } = rig(true);
      expect((await get(path)).status).toBe(401);
      expect((await get(path, reader({ channels: ['demo'] }))).status).toBe(404);
      expect([200, 404]).toContain((await get(path, reader({ channels: ['secret'] }))).status);
      expect(await get(path.replace('secret', 'nothing'), reader({ channels: ['demo'] }))).toMatchObject({
        status: 404,
        body: (await get(path, reader({ channels: ['demo'] }))).body.replace('secret', 'nothing'),
      });
    },
  );

  it.each(['/channel/gone.json', '/channel/gone/feed.atom', '/channel/gone/git-revision'])(
    'is 410 once it was removed: %s',
    async (path) => {
      expect((await rig().get(path)).status).toBe(410);
    },
  );
});

describe('the channel that a release was promoted from', () => {
  const documents = (channel: string) =>
    ([{}, browser] as const).flatMap((headers) =>
      [`/channel/${channel}`, `/channel/${channel}.json`, `/channel/${channel}/feed.atom`].map(
        (path) => [path, headers] as const,
      ),
    );
  const promotedRig = (isPrivate: boolean) => {
    const made = rig(isPrivate);
    const promotion = change(7, {
      action: 'promote',
      release: 'demo-2',
      source: 'secret',
      at: '2026-01-01T01:40:00.000Z',
    });
    for (const channel of ['demo', 'nixos-25.05'])
      made.bucket.putJson(`${channel}.json`, {
        latest: 'demo-2',
        previous: ['demo-1'],
        history: [...history, promotion],
      });
    return made;
  };
  const namesIn = async (channel: string, isPrivate: boolean, own: Record<string, string> = {}) => {
    const { get } = promotedRig(isPrivate);
    const bodies = documents(channel).map(async ([path, headers]) => (await get(path, { ...headers, ...own })).body);
    return (await Promise.all(bodies)).map((body) => body.includes('secret'));
  };

  it('is named where everything is open', async () => {
    expect(await namesIn('demo', false)).toContain(true);
  });

  it('is not named by a public channel when it is private, whoever reads', async () => {
    for (const own of [{}, reader({ channels: ['demo'] }), reader({})])
      expect(await namesIn('demo', true, own)).not.toContain(true);
  });

  it('is named by a private channel only to those who may read both', async () => {
    expect(await namesIn('nixos-25.05', true, reader({ channels: ['nixos-*'] }))).not.toContain(true);
    expect(await namesIn('nixos-25.05', true, reader({ channels: ['nixos-*', 'secret'] }))).toContain(true);
    expect(await namesIn('nixos-25.05', true, reader({}))).toContain(true);
  });
});

describe('a refusal in a browser', () => {
  it('is a page with what there is for an unknown channel, and a sentence for curl and Nix', async () => {
    const { get } = rig();
    const page = await get('/channel/nothing.tar.xz', browser);
    expect(page).toMatchObject({
      status: 404,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'cache-control': 'no-store',
        vary: 'accept, authorization',
      },
    });
    expect(page.body).toContain('<p class="lead">There is no channel &#34;nothing.tar.xz&#34;.</p>');
    for (const channel of ['demo', 'empty', 'lost', 'nixos-25.05', 'secret'])
      expect(page.body).toContain(`<a href="${base}/channel/${channel}">${channel}</a>`);
    for (const accept of ['*/*', 'application/json, text/html', 'text/html;q=0, */*'])
      expect(await get('/channel/nothing.tar.xz', { accept })).toMatchObject({
        status: 404,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: 'There is no channel "nothing.tar.xz". Channels: empty, demo, lost, secret, nixos-25.05.\n',
      });
  });

  it.each([
    ['/channel/gone', 410, 'No longer here', 'The channel &#34;gone&#34; was removed.'],
    ['/favicon.ico', 404, 'Not found', 'There is nothing at this address.'],
    ['/permanent/no-1.tar.xz', 404, 'Not found', 'There is no release'],
    ['/channel/demo?after=nothing', 400, 'This address is not valid', 'start again without'],
    ['/channel/demo?after=', 400, 'This address is not valid', 'start again without'],
  ])('at %s has the status %d and says what to do', async (path, status, title, words) => {
    const { get } = rig();
    const page = await get(path, browser);
    expect([page.status, page.body]).toEqual([status, expect.stringContaining(`<h1>${title}</h1>`)]);
    expect(page.body).toContain(words);
    expect(page.body).toContain(`<a href="${base}/channel/demo">demo</a>`);
  });

  it('is the same answer at the same cost for an unknown and a private channel, without the names of others', async () => {
    const { get, callsOf } = rig(true);
    await get('/', { ...browser, ...reader({}) });
    for (const [headers, status] of [
      [{}, 401],
      [reader({ exp: 1 }), 401],
      [reader({ channels: ['empty'] }), 404],
    ] as const) {
      const pages: string[] = [];
      for (const name of ['secret', 'unknown'])
        expect(
          await callsOf(async () => {
            const page = await get(`/channel/${name}`, { ...browser, ...headers });
            expect(page.status).toBe(status);
            pages.push(page.body.replaceAll(name, 'NAME'));
          }),
        ).toEqual([]);
      expect(pages[0]).toBe(pages[1]);
      expect(pages[0]).not.toMatch(/secret|lost|nixos|gone/);
      expect(pages[0]).toContain(`<a href="${base}/channel/demo">demo</a>`);
    }
  });

  it('links the first 50 channels, and the list of all', async () => {
    const linked = async (count: number): Promise<readonly [channels: number, all: boolean]> => {
      const { bucket, get } = rig();
      bucket.putJson('channels.json', { channels: Array.from({ length: count }, (_, index) => `c${index}`) });
      const { body } = await get('/channel/nothing', browser);
      return [body.split(`<li><a href="${base}/channel/c`).length - 1, body.includes('>All channels</a>')];
    };
    expect(await linked(50)).toEqual([50, false]);
    expect(await linked(3_000)).toEqual([50, true]);
  });

  it('names the commands that help where a token is needed, and keeps the challenge', async () => {
    const { get } = rig(true);
    const { status, headers, body } = await get('/channel/secret', browser);
    expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="Nix channels"']);
    expect(body).toContain(`>channelctl login ${base}</pre>`);
    expect(body).toContain('>channelctl show --url https://channels.test CHANNEL</pre>');
    expect(body).not.toMatch(/<form|<input|cookie/i);
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it('stays a sentence while the service cannot answer, and a page without a list while the catalog is away', async () => {
    const { bucket, get } = rig();
    bucket.fault = () => {
      throw away();
    };
    expect(await get('/channel/demo', browser)).toMatchObject({
      status: 503,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    });
    const page = await get('/nothing', browser);
    expect([page.status, page.body]).toEqual([404, expect.stringContaining('<h1>Not found</h1>')]);
    expect(page.body).not.toContain('Channels that you may read');
  });
});

describe('the flake registry', () => {
  it('has the flakes that the reader may read', async () => {
    const ids = async (isPrivate: boolean, headers = {}) =>
      JSON.parse((await rig(isPrivate).get('/flake-registry.json', headers)).body).flakes.map(
        ({ from }: { from: { id: string } }) => from.id,
      );
    expect(await ids(false)).toEqual(['demo', 'nixos']);
    expect(await ids(true)).toEqual(['demo']);
    expect(await ids(true, reader({}))).toEqual(['demo', 'nixos']);
  });
});

describe('any text in a record', () => {
  it('is only text in every document', async () => {
    const text = fc.oneof(
      anyText(),
      fc.constantFrom(
        '\ud800',
        '<script>alert(1)</script>',
        '"><img src=x>',
        'javascript:alert(1)',
        '\u202e',
        ']]>',
        '&lt;',
      ),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (reason, at) => {
        const { bucket, get } = rig();
        const yank = change(7, { action: 'yank', release: 'demo-bad', source: reason, reason, at });
        bucket.putJson('demo.json', {
          latest: 'demo-2',
          previous: ['demo-bad', reason],
          history: [
            ...history,
            yank,
            { ...yank, action: reason, serial: 8 },
            { ...history[2], release: reason, serial: 9 },
          ],
          yanked: { 'demo-bad': { reason, at }, 'demo-1': at },
          retired: { 'demo-bad': { reason, at, until: at, instead: reason }, 'demo-1': reason },
        });
        for (const path of ['/', '/channel/demo', '/channel/demo/feed.atom', '/channel/demo.json'])
          for (const headers of [browser, {}]) {
            const answer = await get(path, headers);
            expect(answer.status).toBe(200);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
            expect(answer.body).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
            if (!/html|atom/.test(answer.headers['content-type'] ?? '')) continue;
            const tags = new Set(answer.body.match(/<\/?[a-z]+/g));
            expect(tags).not.toContain('<img');
            expect(answer.body.match(/<script>/g) ?? []).toHaveLength(
              answer.headers['content-type']?.includes('html') ? 1 : 0,
            );
            expect(answer.body).not.toMatch(/href="(?!https:\/\/channels\.test|data:image\/svg\+xml,%3Csvg)/);
          }
      }),
      { numRuns: 60 },
    );
  });
});
