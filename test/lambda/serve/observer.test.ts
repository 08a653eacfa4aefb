import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { outcomes } from '../../../lib/domain/metrics.ts';
import { emfData } from '../../picture/emf-data.ts';
import { anyText } from '../../support/any-text.ts';
import { brokenEmf } from '../../support/emf.ts';
import { away } from '../../support/memory-bucket.ts';
import { channelMaxAge, type ServeRig, serveRig } from '../../support/serve-rig.ts';

function rig(): ServeRig {
  const made = serveRig();
  const { bucket } = made;
  bucket.putJson('channels.json', { channels: ['demo', 'other-one', 'empty'], removed: ['gone'] });
  bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'] });
  bucket.putJson('other-one.json', { latest: 'other-one-1' });
  bucket.putJson('empty.json', { latest: null });
  bucket.putJson('gone.json', { latest: 'gone-1', removed: { at: '2026-01-01' } });
  bucket.put('demo-2.tar.xz', 'two!', {}, '"e2"');
  made.clock.advance(7_200_000);
  return made;
}

const counted = (line: unknown): Record<string, number> =>
  Object.fromEntries(emfData(line as never).map(({ name, value }) => [name, value]));

describe("a request's line", () => {
  it.each([
    ['/channel/demo.tar.xz', { 'if-none-match': '"e2"' }, 'GET'],
    ['/permanent/demo-2.tar.xz', {}, 'GET'],
    ['/permanent/demo-2.tar.xz', {}, 'HEAD'],
    ['/permanent/demo-2.tar.xz', { 'if-none-match': '"e2"' }, 'GET'],
  ])('names the release and its channel: %s %j %s', async (path, headers, method) => {
    const { get, requests, bucket } = rig();
    bucket.put('demo-2.tar.xz', 'two!', { channel: 'demo' }, '"e2"');
    await get(path, headers, method);

    expect(requests).toMatchObject([{ channel: 'demo', release: 'demo-2.tar.xz' }]);
  });

  it('counts a channel where that was asked for, and not its release once more', async () => {
    const { get, requests, bucket } = rig();
    bucket.put('demo-2.tar.xz', 'two!', { channel: 'demo' }, '"e2"');
    await get('/channel/demo.tar.xz');
    await get('/permanent/demo-2.tar.xz');

    expect(requests.map((line) => counted(line).ChannelRequests)).toEqual([1, undefined]);
  });

  it('says in milliseconds how long it took', async () => {
    const { get, requests, bucket, clock, callsOf } = rig();
    bucket.delay = async () => clock.advance(3);
    const calls = await callsOf(() => get('/channel/demo.tar.xz'));

    expect(requests).toMatchObject([{ Latency: calls.length * 6 }]);
  });

  it('says which channel led where, to which client, and how long it took', async () => {
    const { get, requests } = rig();
    await get('/channel/demo.tar.xz');

    expect(requests).toEqual([
      expect.objectContaining({
        level: 'info',
        message: 'request',
        requestId: 'request-1',
        service: 'Test',
        outcome: 'led-to-release',
        status: 307,
        channel: 'demo',
        release: 'demo-2.tar.xz',
        nix: '2.34.8',
        Latency: 0,
      }),
    ]);
  });

  it.each([
    ['/channel/demo.tar.xz', {}, 'GET', 'led-to-release'],
    ['/channel/demo.tar.xz', { 'if-none-match': '"e2"' }, 'GET', 'not-modified'],
    ['/channel/demo', {}, 'GET', 'page'],
    ['/channel/none.tar.xz', {}, 'GET', 'not-found'],
    ['/channel/gone.tar.xz', {}, 'GET', 'gone'],
    ['/permanent/demo-2.tar.xz', {}, 'GET', 'led-to-bucket'],
    ['/permanent/demo-2.tar.xz', {}, 'HEAD', 'described'],
    ['/permanent/none-1.tar.xz', {}, 'GET', 'not-found'],
    ['/channel/demo', {}, 'PUT', 'refused'],
  ])(
    'has the outcome of a request for %s with headers %j and method %s: %s',
    async (path, headers, method, outcome) => {
      const { get, requests } = rig();
      await get(path, headers, method);

      expect(requests.map((line) => line.outcome)).toEqual([outcome]);
    },
  );

  it.each([
    ['a channel that moved while it was read', 'moved'],
    ['a bucket that is away', 'unavailable'],
    ['a defect', 'defect'],
  ])('has the outcome of a fault, %s: %s', async (fault, outcome) => {
    const { bucket, get, requests, clock } = rig();
    if (fault.includes('moved')) bucket.now = () => clock.now();
    if (outcome === 'moved') bucket.putJson('demo.json', { latest: 'demo-2', previous: ['demo-1'] });
    if (outcome === 'unavailable')
      bucket.fault = () => {
        throw away();
      };
    if (outcome === 'defect')
      bucket.fault = () => {
        throw new TypeError('secret');
      };
    await get('/channel/demo.tar.xz', { range: 'bytes=5-' });

    expect(requests.map((line) => line.outcome)).toEqual([outcome]);
  });

  it('says whether the bucket was asked: loaded, hit, refreshed, stale', async () => {
    const { bucket, get, requests, clock } = rig();
    await get('/channel/demo.tar.xz');
    await get('/channel/demo.tar.xz');
    clock.advance(channelMaxAge);
    await get('/channel/demo.tar.xz');
    bucket.fault = () => {
      throw away();
    };
    clock.advance(channelMaxAge);
    await get('/channel/demo.tar.xz');

    expect(requests.map(({ cache }) => cache)).toEqual(['loaded', 'hit', 'refreshed', 'stale']);
    expect(requests.map(counted)).toEqual([
      { Requests: 1, Latency: 0, ChannelRequests: 1, ColdStarts: 1 },
      { Requests: 1, Latency: 0, ChannelRequests: 1 },
      { Requests: 1, Latency: 0, ChannelRequests: 1, Refreshes: 2 },
      { Requests: 1, Latency: 0, ChannelRequests: 1, Refreshes: 2, StaleAnswers: 1, S3Errors: 2 },
    ]);
  });

  it('warns once of a stale answer, however many records it took', async () => {
    const { bucket, get, lines, clock } = rig();
    await get('/channel/demo.tar.xz');
    bucket.fault = () => {
      throw away();
    };
    clock.advance(channelMaxAge);
    await get('/channel/demo.tar.xz');

    expect(lines).toEqual([
      {
        level: 'warn',
        message: 'stale',
        requestId: 'request-1',
        keys: ['channels.json', 'demo.json'],
        error: expect.stringContaining('ECONNREFUSED'),
      },
    ]);
  });
});

describe('the metrics of requests', () => {
  it('count a tracked channel by its name, and all others together', async () => {
    const { get, requests } = rig();
    for (const path of ['/channel/demo.tar.xz', '/channel/other-one.tar.xz', '/channel/none.tar.xz', '/channel/demo'])
      await get(path);

    expect(requests.map(({ trackedChannel }) => trackedChannel)).toEqual(['demo', 'other', undefined, 'demo']);
  });

  it('have no dimension that a client made up, whatever it asks for', async () => {
    const { get, requests, clock } = rig();
    const values = new Map<string, Set<string>>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/channel/', '/permanent/', '/channel/demo', ''),
        anyText(),
        fc.dictionary(fc.constantFrom('if-none-match', 'range', 'user-agent', 'authorization'), anyText()),
        async (begin, text, headers) => {
          await get(`${begin}${text}`, headers);
        },
      ),
      { numRuns: 300 },
    );
    for (const line of requests) {
      expect(brokenEmf(line, clock.now())).toEqual([]);
      for (const { dimensions } of emfData(line))
        for (const [name, value] of Object.entries(dimensions))
          values.set(name, (values.get(name) ?? new Set()).add(value));
    }

    expect(requests.length).toBeGreaterThanOrEqual(300);
    expect([...(values.get('outcome') ?? [])].filter((value) => !outcomes.includes(value as never))).toEqual([]);
    expect([...(values.get('trackedChannel') ?? [])].filter((value) => !['demo', 'other'].includes(value))).toEqual([]);
    expect([...(values.get('service') ?? [])]).toEqual(['Test']);
  });
});
