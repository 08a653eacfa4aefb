import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retiredProblem } from '../../../lambda/serve/retired.ts';
import { parseRecord } from '../../../lib/domain/record.ts';
import { anyText } from '../../support/any-text.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../support/memory-bucket.ts';
import { type Answer, base, channelMaxAge, type ServeRig, serveRig } from '../../support/serve-rig.ts';
import { basic, newKey, token } from '../../support/tokens.ts';

const at = new Date(new FakeClock().now()).toISOString();
const mark = (more: object = {}): object => ({
  reason: 'It is older than 180 days.',
  at,
  by: 'arn:aws:iam::1:user/ada',
  until: '2026-12-31T00:00:00.000Z',
  ...more,
});
const retiredLong = mark({ at: '2025-01-01T00:00:00.000Z' });
const key = newKey('EdDSA');
const start = new FakeClock().now() / 1_000;
const reader = (claims: object): Record<string, string> => ({
  authorization: basic(token(key, { sub: 'ci', exp: start + 86_400, ...claims })),
});

interface Rig extends ServeRig {
  readonly record: (channel: string, value: object) => void;
}

/** `open` is public where tokens are required; `secret` is not. */
function rig(isPrivate = false): Rig {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', { channels: ['demo', 'stable', 'open', 'secret'], public: ['open'] });
  for (const channel of ['demo', 'stable', 'open', 'secret']) {
    bucket.putJson(`${channel}.json`, { latest: `${channel}-2`, previous: [`${channel}-1`] });
    for (const release of [`${channel}-1`, `${channel}-2`]) bucket.put(`${release}.tar.xz`, release, { channel });
  }
  const jwt = { keys: { pems: [key.pem], defaultScope: 'all' as const }, leewaySeconds: 30 };
  const made = serveRig({ bucket, ...(isPrivate ? { jwt } : {}) });
  return {
    ...made,
    record: (channel, value) =>
      bucket.putJson(`${channel}.json`, { latest: `${channel}-2`, previous: [`${channel}-1`], ...value }),
  };
}

const url = '/permanent/demo-1.tar.xz';

describe('a retired release', () => {
  it('is 410 with the reason, the day and what to use instead, for GET, HEAD and a reader that has it', async () => {
    const { bucket, get, head, record } = rig();
    record('demo', { retired: { 'demo-1': retiredLong } });
    const etag = bucket.objects.get('demo-1.tar.xz')?.etag as string;
    const answers = [await get(url), await head(url), await get(url, { 'if-none-match': etag })];
    for (const { status, headers, body } of answers) {
      expect(status).toBe(410);
      expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
      expect(body).toBe(
        `The release "demo-1" was retired on 2025-01-01: It is older than 180 days. The newest release is at ${base}/channel/demo.tar.xz\n`,
      );
    }
  });

  it('names none where what the record has is no name of a release', async () => {
    const { get, record } = rig();
    for (const instead of ['\ud800', '../x', 'x'.repeat(2_000), '']) {
      record('demo', { retired: { 'demo-1': mark({ at: '2025-01-01', instead }) } });
      const { status, body } = await get(url);
      expect([status, body]).toEqual([410, expect.stringMatching(/The newest release is at \S+\n$/)]);
    }
  });

  it('names the release to use instead, where one is given', async () => {
    const { get, record } = rig();
    record('demo', { retired: { 'demo-1': mark({ at: '2025-01-01', instead: 'demo-2' }) } });
    expect((await get(url)).body).toMatch(
      /Use "demo-2" instead: https:\/\/channels\.test\/permanent\/demo-2\.tar\.xz\n$/,
    );
  });

  it('is 410 everywhere once the mark is as old as records may be, and nowhere before', async () => {
    const { bucket, clock, get, record } = rig();
    const other = serveRig({ bucket, clock });
    await other.get('/channel/demo.tar.xz');
    record('demo', { retired: { 'demo-1': mark() } });
    clock.advance(channelMaxAge - 1);
    expect([(await get(url)).status, (await other.get(url)).status]).toEqual([307, 307]);
    clock.advance(1);
    expect([(await get(url)).status, (await other.get(url)).status]).toEqual([410, 410]);
  });

  it('costs S3 nothing when it is asked for again, and a release that is served costs what it did', async () => {
    const { clock, get, record, callsOf } = rig();
    record('demo', { retired: { 'demo-1': retiredLong } });
    await get('/channel/demo.tar.xz');
    for (const path of [url, '/permanent/demo-2.tar.xz']) await get(path);
    for (const path of [url, '/permanent/demo-2.tar.xz']) expect(await callsOf(() => get(path))).toEqual([]);
    clock.advance(channelMaxAge);
    const calls = await callsOf(() => get('/permanent/demo-2.tar.xz'));
    expect(calls.map((call) => call.split(' unless')[0]).sort()).toEqual(['get channels.json', 'get demo.json']);
  });

  it('is found by its channel in the metadata, by a record that names it, and by its name, in a function that is new', async () => {
    for (const [metadata, names] of [
      [{ channel: 'demo' }, []],
      [{}, ['/channel/demo.tar.xz']],
      [{}, []],
    ] as const) {
      const { bucket, get, record } = rig();
      record('demo', { retired: { 'demo-1': retiredLong } });
      bucket.put('demo-1.tar.xz', 'x', metadata);
      await get('/channel/stable.tar.xz');
      for (const name of names) await get(name);
      expect((await get(url)).status).toBe(410);
    }
  });

  it('is served while a channel leads to it, because it was promoted at the same time', async () => {
    const { get, record } = rig();
    record('demo', { retired: { 'demo-1': retiredLong } });
    record('stable', { latest: 'demo-1' });
    expect((await get('/channel/stable.tar.xz')).headers.location).toBe(`${base}${url}`);
    expect((await get(url)).status).toBe(307);
  });

  it('that is given up by one channel only is served as long as its object is there', async () => {
    const { bucket, get, record } = rig();
    record('demo', { retired: { 'demo-1': mark({ at: '2025-01-01', shared: true }) } });
    expect((await get(url)).status).toBe(307);
    bucket.objects.delete('demo-1.tar.xz');
    const { get: later } = serveRig({ bucket });
    await later('/channel/demo.tar.xz');
    expect((await later(url)).status).toBe(410);
  });

  it('that the last channel retired is 410 in a function that has not read its record', async () => {
    const { get, record } = rig();
    record('demo', { retired: { 'demo-1': mark({ at: '2025-01-01', shared: true }) } });
    record('stable', { previous: ['demo-1'], retired: { 'demo-1': retiredLong } });
    await get('/channel/demo.tar.xz');
    expect((await get(url)).status).toBe(410);
  });

  it('is 410 and not 404 when its object is gone, and an unknown one is 404', async () => {
    const { bucket, get, record } = rig();
    record('demo', { retired: { 'demo-1': mark() } });
    bucket.objects.delete('demo-1.tar.xz');
    await get('/channel/stable.tar.xz');
    expect((await get(url)).status).toBe(410);
    expect((await get('/permanent/demo-0.tar.xz')).status).toBe(404);
  });

  it('is another one than the same name with another extension', async () => {
    const { bucket, get, record } = rig();
    record('demo', { retired: { 'demo-1': retiredLong } });
    bucket.put('demo-1.tar.gz', 'x', { channel: 'demo' });
    expect((await get('/permanent/demo-1.tar.gz')).status).toBe(307);
  });

  it('is looked up only in the records of channels that the catalog has', async () => {
    const { bucket, get, callsOf } = rig();
    bucket.put('never-1.tar.xz', 'x', { channel: 'never' });
    await get('/channel/demo.tar.xz');
    expect(await callsOf(() => get('/permanent/never-1.tar.xz'))).toEqual(['head never-1.tar.xz']);
  });

  it('stays what it was while S3 is away', async () => {
    const { bucket, clock, get, record } = rig();
    record('demo', { retired: { 'demo-1': retiredLong } });
    for (const path of ['/channel/demo.tar.xz', url, '/permanent/demo-2.tar.xz']) await get(path);
    bucket.fault = () => {
      throw away();
    };
    clock.advance(channelMaxAge * 10);
    expect((await get(url)).status).toBe(410);
    expect((await get('/permanent/demo-2.tar.xz')).status).toBe(307);
  });

  it('is served again as soon as the records are read again, when the retirement is undone', async () => {
    const { clock, get, record } = rig();
    record('demo', { retired: { 'demo-1': retiredLong } });
    expect((await get(url)).status).toBe(410);
    record('demo', {});
    clock.advance(channelMaxAge);
    expect((await get(url)).status).toBe(307);
  });
});

describe('a release that was taken down', () => {
  it('is 410 at once, even where a channel still leads to it', async () => {
    const { get, record } = rig();
    record('demo', { retired: { 'demo-1': mark({ takedown: true, reason: 'Withdrawn' }) } });
    record('stable', { latest: 'demo-1' });
    await get('/channel/stable.tar.xz');
    const answer = await get(url);
    expect(answer.status).toBe(410);
    expect(answer.body).toMatch(/^The release "demo-1" was taken down on 2026-01-01: Withdrawn\. /);
  });

  it('is never what a channel leads to', async () => {
    const { get, record } = rig();
    record('demo', { latest: 'demo-1', retired: { 'demo-1': mark({ takedown: true }) } });
    expect(await get('/channel/demo.tar.xz')).toMatchObject({
      status: 404,
      body: expect.stringContaining('has no release at present'),
    });
  });

  it('is 410 even if no record names it', async () => {
    const { bucket, get, record } = rig();
    record('demo', { retired: { 'old-1': mark({ takedown: true }) } });
    bucket.put('old-1.tar.xz', 'x', { channel: 'demo' });
    expect((await get('/permanent/old-1.tar.xz')).status).toBe(410);
  });
});

describe('where tokens are required, a retired release', () => {
  const secret = '/permanent/secret-1.tar.xz';
  const same = (answer: Answer, name: string): Answer => ({ ...answer, body: answer.body.replaceAll(name, 'NAME') });

  it.each([
    ['there', false],
    ['gone', true],
  ])('is 410 for whoever may read its channel, with its object %s', async (_, isGone) => {
    const { bucket, get, record } = rig(true);
    record('secret', { retired: { 'secret-1': retiredLong } });
    record('open', { retired: { 'open-1': retiredLong } });
    if (isGone) for (const name of ['secret-1', 'open-1']) bucket.objects.delete(`${name}.tar.xz`);
    expect((await get('/permanent/open-1.tar.xz')).status).toBe(410);
    for (const claims of [{}, { channels: ['secret'] }, { channels: ['s*'] }])
      expect((await get(secret, reader(claims))).status).toBe(410);
  });

  it.each([
    ['no token', {}],
    ['a bad token', { authorization: basic('x.y.z') }],
    ['a token for another channel', reader({ channels: ['demo'] })],
  ])('cannot be told from an unknown one with %s, neither by the answer nor by the calls', async (_, headers) => {
    const ask = async (name: string, isGone: boolean, warmed: boolean): Promise<unknown> => {
      const { bucket, get, callsOf, clock, serve, record } = rig(true);
      record('secret', { retired: { 'secret-1': retiredLong } });
      if (isGone) bucket.objects.delete('secret-1.tar.xz');
      if (warmed) await serve.warm();
      const steps: unknown[] = [];
      for (const wait of [0, 0, channelMaxAge + 1]) {
        clock.advance(wait);
        const path = `/permanent/${name}.tar.xz`;
        const calls = await callsOf(async () => steps.push(same(await get(path, headers), name)));
        steps.push(calls.map((call) => call.replace(name, 'NAME')));
      }
      return steps;
    };
    for (const warmed of [false, true])
      for (const isGone of [false, true])
        expect(await ask('secret-1', isGone, warmed)).toEqual(await ask('secret-0', isGone, warmed));
  });

  it('that was promoted is 410 or served as the record says that its reader may read', async () => {
    const { get, record } = rig(true);
    record('secret', { retired: { 'secret-1': mark({ at: '2025-01-01', shared: true }) } });
    record('open', { previous: ['secret-1'] });
    expect((await get(secret)).status).toBe(307);
    expect((await get(secret, reader({ channels: ['secret'] }))).status).toBe(307);
  });
});

describe('the text for a retired release', () => {
  const problem = (reason: string, release: string, instead?: string) =>
    retiredProblem({
      key: `${release}.tar.xz`,
      isThere: false,
      records: [
        {
          channel: 'demo',
          record: parseRecord(JSON.stringify({ previous: [release], retired: { [release]: { reason, at, instead } } })),
        },
      ],
      unread: async () => [],
      now: 0,
      maxAgeMs: 0,
      baseUrl: `https://${'nix.'.repeat(40)}example.org`,
    });

  it('is one line under 1024 bytes with what to do at its end, whatever the reason is', async () => {
    const name = fc.constantFrom('r', 'x'.repeat(128));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anyText(), fc.string({ unit: 'grapheme', minLength: 300 })),
        name,
        fc.boolean(),
        async (reason, release, has) => {
          const text = (await problem(reason, release, has ? release : undefined))?.message ?? '';
          expect(Buffer.byteLength(text)).toBeLessThan(1_001);
          expect(text).toMatch(
            has ? /Use "[rx]+" instead: https:\S+\.tar\.xz$/ : /is at https:\S+\/channel\/demo\.tar\.xz$/,
          );
          expect(text).not.toMatch(/\p{Cc}|[\u2028\u2029\u202a-\u202e]/u);
          expect(text.isWellFormed()).toBe(true);
        },
      ),
    );
  });

  it('is cut where the reason is too long, and has no gap where there is none', async () => {
    expect((await problem('é'.repeat(500), 'r'))?.message).toMatch(/: é+…\. The newest/);
    expect((await problem(' . ', 'r'))?.message).toMatch(/^The release "r" was retired on 2026-01-01\. The newest/);
  });
});
