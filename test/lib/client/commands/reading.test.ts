import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Send } from '../../../../lib/client/api/http.ts';
import { readHistoryText, readListText, readShowText } from '../../../../lib/client/commands/reading.ts';
import { timeText } from '../../../../lib/client/text.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryBucket } from '../../../support/memory-bucket.ts';
import { readerSend } from '../../../support/reader-send.ts';
import { type RunOptions, runCommand } from '../../../support/run-command.ts';
import { base, serveRig } from '../../../support/serve-rig.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { basic, newKey, token } from '../../../support/tokens.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const rev = '0a'.repeat(20);
const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
const key = newKey('EdDSA');
const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`;
const change = (serial: number, details: object) => ({ serial, operation: `o${serial}`, by: 'arn:me', ...details });

/** A service with a channel of each kind, and the command that reads it. */
function rigOf({ isPrivate = false, password = '' } = {}) {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', {
    channels: ['demo', 'empty', 'lost', 'installer', 'nixos-25.05'],
    public: ['demo', 'empty'],
    removed: ['gone'],
  });
  bucket.putJson('demo.json', {
    latest: 'demo-3',
    previous: ['demo-0', 'demo-1', 'demo-bad'],
    serial: 5,
    facts: { release: 'demo-3', etag: '"e3"', rev, revCount: 7, lastModified: 1767225600, narHash },
    history: [
      change(1, { action: 'publish', release: 'demo-1', at: at(1) }),
      change(2, { action: 'publish', release: 'demo-bad', from: 'demo-1', at: at(2) }),
      change(3, {
        action: 'yank',
        release: 'demo-bad',
        from: 'demo-bad',
        to: 'demo-1',
        reason: 'does not boot',
        at: at(3),
      }),
      change(4, { action: 'set', visibility: 'public', at: at(3) }),
      change(5, { action: 'publish', release: 'demo-3', from: 'demo-1', at: at(3) }),
    ],
    archives: { 'demo-3': { flake: true, topLevelEntries: 1 } },
    yanked: { 'demo-bad': { reason: 'does not boot', at: at(3), by: 'arn:me' } },
  });
  bucket.put('demo-3.tar.xz', 'three', { channel: 'demo' }, '"e3"');
  bucket.putJson('empty.json', { latest: null });
  bucket.putJson('installer.json', { latest: 'installer-1', file_extension: '.iso' });
  bucket.putJson('nixos-25.05.json', { latest: 'nixos-25.05-1' });
  const jwt = { keys: { pems: [key.pem], defaultScope: 'all' as const }, leewaySeconds: 30 };
  const serve = serveRig({ bucket, ...(isPrivate ? { jwt } : {}) });
  const { send, requests } = readerSend(serve);
  const netrc = directory.file('netrc', password === '' ? '' : `machine channels.test login me password ${password}\n`);
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runCommand(
      { environment: { CHANNELCTL_URL: base }, send, sleep: serve.clock.sleep, now: serve.clock.now, ...options },
      ...args,
      '--netrc',
      netrc,
    );
  return { run, requests, bucket, netrc };
}

const goodToken = (claims: object = {}): string =>
  token(key, { sub: 'x', exp: new FakeClock().now() / 1_000 + 86_400, ...claims });

describe('list', () => {
  it('prints each channel with its latest release, its day and its rev, without AWS credentials', async () => {
    const { run } = rigOf();
    const { code, out, err } = await run(['list']);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      `demo         demo-3                              2026-01-01  ${rev}`,
      'empty        (no release yet)',
      'gone         (removed)',
      'installer    installer-1',
      'lost         (its record is missing or damaged)',
      'nixos-25.05  nixos-25.05-1',
      '',
    ]);
  });

  it('takes the URL of the service, or of a channel of it, as its argument', async () => {
    const { run } = rigOf();
    for (const url of [base, `${base}/`, `${base}/channel/demo.tar.xz`])
      expect((await run(['list', url], { environment: {} })).code).toBe(0);
  });

  it('reads every page, and prints what the service sent with --json', async () => {
    const { run, bucket, requests } = rigOf();
    const channels = Array.from({ length: 1_203 }, (_, index) => `c-${String(index).padStart(4, '0')}`);
    bucket.putJson('channels.json', { channels });
    for (const channel of channels) bucket.putJson(`${channel}.json`, { latest: `${channel}-1` });
    const { access, channels: listed } = JSON.parse((await run(['list', '--json'])).out);
    expect(access).toBe('open');
    expect(listed.map(({ channel }: { channel: string }) => channel)).toEqual(channels);
    expect(listed[0]).toEqual(expect.objectContaining({ state: 'served', url: `${base}/channel/c-0000.tar.xz` }));
    expect(requests.map(({ path }) => path)).toEqual([
      '/index.json',
      '/index.json?after=c-0499',
      '/index.json?after=c-0999',
    ]);
  });

  it('sends the token of the netrc file with the first request, and lists what it gives', async () => {
    const password = goodToken({ channels: ['nixos-*'] });
    const { run, requests } = rigOf({ isPrivate: true, password });
    const { out, err } = await run(['list']);
    expect(out.match(/^\S+/gm)).toEqual(['demo', 'empty', 'nixos-25.05']);
    expect(err).toBe('');
    expect(requests).toEqual([{ path: '/index.json', authorization: basic(password, 'me') }]);
  });

  it('says that there may be more channels where it has no token, or where its token is not accepted', async () => {
    const none = await rigOf({ isPrivate: true }).run(['list']);
    expect(none.out.match(/^\S+/gm)).toEqual(['demo', 'empty']);
    expect(none.err).toBe(`These are the public channels. Others need a token: channelctl login ${base}\n`);
    const { run, netrc } = rigOf({ isPrivate: true, password: goodToken({ exp: 1 }) });
    const expired = await run(['list']);
    expect(expired.out.match(/^\S+/gm)).toEqual(['demo', 'empty']);
    expect(expired.err).toBe(
      `warning: these are only the public channels, because ${base} does not accept the token in ${netrc}: channelctl doctor reader ${base}\n`,
    );
  });
});

describe('show', () => {
  it('prints the latest release with its facts, the lines to paste, what was withdrawn, and the history', async () => {
    const { run } = rigOf();
    const { code, out } = await run(['show', 'demo']);
    expect(code).toBe(0);
    for (const row of [
      /^channel +demo$/m,
      /^url +https:\/\/channels\.test\/channel\/demo\.tar\.xz$/m,
      /^latest +demo-3$/m,
      /^published +2026-01-01T00:03:00\.000Z$/m,
      /^permanent +https:\/\/channels\.test\/permanent\/demo-3\.tar\.xz$/m,
      new RegExp(`^rev +${rev}$`, 'm'),
      /^rev count +7$/m,
      /^last modified +2026-01-01T00:00:00\.000Z$/m,
      /^size +5 B$/m,
      /^narHash +sha256-R9r/m,
      /^flake input +inputs\.demo\.url = "https:\/\/channels\.test\/channel\/demo\.tar\.xz";$/m,
      /^nix-channel +nix-channel --add https:\/\/channels\.test\/channel\/demo demo$/m,
      /^earlier releases +3$/m,
      /^unavailable +demo-bad \(yanked on 2026-01-01: does not boot\)$/m,
      /^2026-01-01T00:03:00\.000Z +yank +demo-bad +from demo-bad to demo-1 +does not boot$/m,
    ])
      expect(out).toMatch(row);
  });

  it('prints the document of the service with --json', async () => {
    const { run } = rigOf();
    const shown = JSON.parse((await run(['show', 'demo', '--json'])).out);
    expect(shown).toMatchObject({ channel: 'demo', latest: { release: 'demo-3', rev, size: 5 }, state: 'served' });
    expect(shown.releases).toHaveLength(4);
    expect(shown.snippets[0].use).toBe('flake input');
  });

  it.each([
    ['demo.tar.xz', 'demo'],
    ['demo', 'demo'],
    ['demo.json', 'demo'],
    ['demo/nixexprs.tar.xz', 'demo'],
    ['nixos-25.05.tar.xz', 'nixos-25.05'],
    ['nixos-25.05', 'nixos-25.05'],
    ['installer.iso', 'installer'],
  ])('finds the channel of the URL /channel/%s', async (file, channel) => {
    const { run } = rigOf();
    const { out } = await run(['show', `${base}/channel/${file}`, '--json'], { environment: {} });
    expect(JSON.parse(out).channel).toBe(channel);
  });

  it('prints a channel without a release', async () => {
    expect((await rigOf().run(['show', 'empty'])).out).toMatch(/^latest +\(no release yet\)\nearlier releases +0\n$/m);
  });

  it.each([
    ['an unknown channel', ['show', 'none'], 6, /^There is no channel "none"\. Channels: demo, empty, .*installer/],
    ['a URL of an unknown channel', ['show', `${base}/channel/none.iso`], 6, /^There is no channel "none\.iso"\. Chan/],
    ['a removed channel', ['show', 'gone'], 6, /^The channel "gone" was removed\. /],
    ['a channel whose record is lost', ['history', 'lost'], 6, /^The record of the channel "lost" is missing/],
    ['a bad name', ['show', 'a/b'], 3, /^The channel name "a\/b" must contain only/],
    ['the URL of a release', ['show', `${base}/permanent/x.tar.xz`], 3, /^The URL is that of a release: give one such/],
    ['the URL of a service', ['history', base], 3, /^The URL is not that of a channel: give one such as/],
    ['a URL with a password', ['show', 'https://a:b@c.test/channel/x'], 3, /^The URL holds credentials/],
  ])('says in one line what is wrong with %s', async (_, args, exit, sentence) => {
    const { code, out, err } = await rigOf().run(args);
    expect([code, out]).toEqual([exit, '']);
    expect(err).toMatch(/^channelctl: [^\n]+\n$/);
    expect(err.replace('channelctl: ', '')).toMatch(sentence);
  });

  it('says that a token is missing, or which file has the one that was refused, and what to run', async () => {
    const without = rigOf({ isPrivate: true });
    expect(await without.run(['show', 'nixos-25.05'])).toEqual({
      code: 5,
      out: '',
      err: `channelctl: ${base} needs a token (401), and ${without.netrc} has none for channels.test. Save one: channelctl login ${base}\n`,
    });
    const { run, netrc } = rigOf({ isPrivate: true, password: goodToken({ exp: 1_700_000_000 }) });
    expect(await run(['show', 'nixos-25.05'])).toEqual({
      code: 5,
      out: '',
      err: `channelctl: ${base} refuses the token that ${netrc} has for channels.test (401). The token expired at 2023-11-14T22:13:20Z: ask its operator for a new one. To save another one: channelctl login ${base}\n`,
    });
  });
});

describe('history', () => {
  const entriesOf = (out: string) =>
    JSON.parse(out).entries.map(
      ({ action, release }: { action?: string; release: string }) => `${action ?? '-'} ${release}`,
    );
  const all = ['publish demo-3', 'yank demo-bad', 'publish demo-bad', 'publish demo-1', '- demo-0'];

  it('lists the changes newest first, then the releases that no change names', async () => {
    const { run } = rigOf();
    expect(entriesOf((await run(['history', 'demo', '--json'])).out)).toEqual(all);
    expect((await run(['history', 'demo'])).out).toMatch(/^2026-01-01T00:03:00\.000Z +publish +demo-3 +from demo-1$/m);
    expect((await run(['history', 'empty'])).out).toBe('There are no releases yet.\n');
  });

  it.each([1, 2, 3, 4])('comes in pages of %i that together have every entry once', async (limit) => {
    const { run } = rigOf();
    const seen: string[] = [];
    let after: string[] = [];
    for (let page = 0; page < 6; page += 1) {
      const { out } = await run(['history', 'demo', '--json', '--limit', String(limit), ...after]);
      seen.push(...entriesOf(out));
      const { next } = JSON.parse(out);
      if (next === undefined) break;
      after = ['--after', next];
    }
    expect(seen).toEqual(all);
  });

  it('goes on over the pages of releases, and asks for no more than it prints', async () => {
    const { run, bucket, requests } = rigOf();
    const previous = Array.from({ length: 1_200 }, (_, index) => `demo-${index}`);
    bucket.putJson('demo.json', { latest: 'demo-x', previous });
    expect(entriesOf((await run(['history', 'demo', '--json', '--limit', '2000'])).out)).toEqual(
      ['demo-x', ...previous.toReversed()].map((release) => `- ${release}`),
    );
    expect(requests).toHaveLength(3);
    requests.length = 0;
    await run(['history', 'demo', '--limit', '20']);
    expect(requests).toHaveLength(1);
  });

  it('refuses a position that it does not have', async () => {
    const { code, err } = await rigOf().run(['history', 'demo', '--after', 'nonsense']);
    expect([code, err]).toEqual([
      3,
      'channelctl: The history no longer has this position: start again without --after.\n',
    ]);
  });
});

describe('the service that is asked', () => {
  const asked: string[] = [];
  const refuse: Send = async ({ url, headers }) => {
    asked.push(`${url.origin}${url.pathname}${headers.authorization?.startsWith('AWS4') ? ' signed' : ''}`);
    return { status: 403, body: '{}' };
  };
  const firstAsked = async (args: readonly string[], environment: Record<string, string>) => {
    asked.length = 0;
    const credentials = () => async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' });
    const { err } = await runCommand({ environment, credentials, send: refuse, sleep: async () => {} }, ...args);
    return asked[0] ?? err;
  };
  const generated = 'https://abc.execute-api.eu-central-1.amazonaws.com';
  const stack = 'arn:aws:cloudformation:eu-central-1:111122223333:stack/S/x';
  const cloudFormation = 'https://cloudformation.eu-central-1.amazonaws.com/ signed';

  it.each<[readonly string[], Record<string, string>, string]>([
    [['list'], { CHANNELCTL_URL: 'https://a.test' }, 'https://a.test/index.json'],
    [['list'], { CHANNELCTL_URL: generated, AWS_PROFILE: 'x' }, `${generated}/index.json`],
    [['list', '--url', 'https://b.test/nix/'], { CHANNELCTL_URL: 'https://a.test' }, 'https://b.test/nix/index.json'],
    [['list', 'https://c.test'], { CHANNELCTL_URL: 'https://a.test' }, 'https://c.test/index.json'],
    [['show', 'https://c.test/channel/x'], { CHANNELCTL_STACK: 'S' }, 'https://c.test/channel/x.json'],
    [['show', 'x', '--url', 'https://b.test'], { CHANNELCTL_STACK: 'S' }, 'https://b.test/channel/x.json'],
    [['list', '--as-publisher'], { CHANNELCTL_URL: generated }, `${generated}/publish/catalog signed`],
    [['list', '--region', 'x'], { CHANNELCTL_URL: 'https://a.test' }, 'https://a.test/publish/catalog signed'],
    [['list', '--profile', 'x'], { CHANNELCTL_URL: generated }, `${generated}/publish/catalog signed`],
    [['list', generated, '--as-publisher'], {}, `${generated}/publish/catalog signed`],
    [['history', 'x', '--as-publisher'], { CHANNELCTL_URL: generated }, `${generated}/publish/channels/x signed`],
    [['show', `${generated}/channel/x.tar.xz`, '--as-publisher'], {}, `${generated}/publish/channels/x signed`],
    [['history', `${generated}/channel/x`, '--as-publisher'], {}, `${generated}/publish/channels/x signed`],
    [['list'], { CHANNELCTL_STACK: stack }, cloudFormation],
    [['list', '--stack', stack], {}, cloudFormation],
  ])('of %j with %j is %s', async (args, environment, host) => {
    expect(await firstAsked(args, environment)).toBe(host);
  });

  it('must be named', async () => {
    const { code, err } = await runCommand({ environment: {} }, 'list');
    expect([code, err]).toEqual([
      3,
      'channelctl: Which service? Give the URL of the channel, or --url, or set CHANNELCTL_URL.\n',
    ]);
  });
});

describe('whatever text and numbers a service sends', () => {
  const release = fc.record(
    {
      release: fc.string(),
      url: fc.string(),
      publishedAt: fc.string(),
      rev: fc.string(),
      lastModified: fc.double({ noNaN: true }),
      revCount: fc.double({ noNaN: true }),
      size: fc.double({ noNaN: true }),
      yanked: fc.record({ reason: fc.string(), at: fc.string() }, { requiredKeys: [] }),
    },
    { requiredKeys: ['release'] },
  );
  const change = fc.record({ action: fc.string(), at: fc.string(), from: fc.string() });

  it('is printed', () => {
    fc.assert(
      fc.property(fc.array(release, { minLength: 1 }), fc.array(change), fc.string(), (releases, history, text) => {
        const [latest = null] = releases;
        const channel = { channel: text, state: text as 'served', extension: text, latest, releases, history };
        expect(readShowText(channel)).toContain('earlier releases');
        expect(readListText({ channels: [channel, { ...channel, latest: null }] })).not.toBe('');
        expect(readHistoryText({ entries: history, next: text })).toContain('--after');
      }),
    );
    expect(timeText(1e300)).toBe('1e+300');
  });
});
