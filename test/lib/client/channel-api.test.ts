import { describe, expect, it } from '@jest/globals';
import { ChannelApi, channelPath } from '../../../lib/client/channel-api.ts';
import type { Exchange, ExchangeResult } from '../../../lib/client/http-exchange.ts';
import type { WhenInterrupted } from '../../../lib/client/interrupt.ts';
import { Problem } from '../../../lib/domain/problem.ts';
import { headerValues } from '../../../lib/local/sigv4/header-values.ts';
import { verifySignature } from '../../../lib/local/sigv4/verify-signature.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sha256 } from '../../support/memory-bucket.ts';

function rig(
  answer: (count: number) => ExchangeResult | Promise<ExchangeResult>,
  url = 'https://api.test/stage',
  whenInterrupted?: WhenInterrupted,
) {
  const clock = new FakeClock();
  const sent: Exchange[] = [];
  const notes: string[] = [];
  const api = new ChannelApi({
    url,
    region: 'us-east-1',
    credentials: async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
    sleep: clock.sleep,
    now: clock.now,
    whenInterrupted,
    note: (sentence) => notes.push(sentence),
    send: async (exchange) => {
      sent.push(exchange);
      return answer(sent.length);
    },
  });
  return { api, sent, clock, notes };
}

const ok = { status: 200, body: '{"fine":true}' };
const problem = (status: number, code: string, more: object = {}) => ({
  status,
  body: JSON.stringify({ type: 'about:blank', title: code, status, code, detail: 'Said by the API.', ...more }),
});
const reset = () => Promise.reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));

describe('a call of the API', () => {
  it.each(['GET', 'POST'])('%s is signed so that IAM accepts it', async (method) => {
    const { api, sent } = rig(() => ok);
    const path = channelPath('a+b c', '/uploads');
    expect(await (method === 'GET' ? api.get(path, { after: 'a+b &=' }) : api.post(path, { a: 'é' }))).toEqual({
      fine: true,
    });
    const { url, headers, body = Buffer.alloc(0) } = sent[0] as Exchange;
    expect(url.pathname).toBe('/stage/publish/channels/a%2Bb%20c/uploads');
    const verified = verifySignature(
      {
        method,
        rawPath: url.pathname,
        rawQuery: url.search.slice(1),
        headers: headerValues(Object.entries(headers).flat()),
        payloadHash: sha256(body as Buffer),
      },
      {
        service: 'execute-api',
        region: 'us-east-1',
        credentials: () => 'secret',
        now: new Date(Date.now()),
      },
    );
    expect(verified).toMatchObject({ ok: true });
    expect(headers['content-length']).toBe(method === 'GET' ? undefined : '10');
  });

  it.each([
    ['503', () => problem(503, 'unavailable')],
    ['429', () => ({ status: 429, body: '{"message":"Too Many Requests"}' })],
    ['500', () => ({ status: 500, body: '{"message":"Internal Server Error"}' })],
    ['a broken connection', reset],
  ])('is made again after %s, with the same body and a fresh signature', async (_, failure) => {
    const { api, sent, clock } = rig((count) => (count < 3 ? failure() : ok));
    await api.post('/publish/catalog', { operation: 'operation-a' });
    expect(sent.map(({ body }) => String(body))).toEqual(
      Array.from({ length: 3 }, () => '{"operation":"operation-a"}'),
    );
    expect(new Set(sent.map(({ headers }) => headers)).size).toBe(3);
    expect(clock.slept).toHaveLength(2);
  });

  it.each([
    [503, 'unavailable'],
    [500, 'defect'],
  ])('gives up on %i after six tries, with the words of the API', async (status, code) => {
    const { api, sent } = rig(() => problem(status, code));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({ status, code, message: 'Said by the API.' });
    expect(sent).toHaveLength(6);
  });

  it.each([
    ['a throttled route', 429, '{"message":"Too Many Requests"}'],
    ['a function that takes no more at present', 503, '{"message":"Service Unavailable"}'],
    ['a function that the gateway cannot tell from a failed one', 500, '{"message":"Internal Server Error"}'],
  ])('waits two minutes for %s', async (_, status, body) => {
    const { api, sent, clock } = rig(() => ({ status, body }));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({ status: 503 });
    const waited = clock.slept.reduce((sum, pause) => sum + pause, 0);
    expect(waited).toBeGreaterThanOrEqual(120_000);
    expect(waited).toBeLessThan(128_000);
    expect(sent).toHaveLength(clock.slept.length + 1);
    const late = rig((count) => (count < 15 ? { status, body } : ok));
    expect(await late.api.get('/publish/catalog')).toEqual({ fine: true });
  });

  it('tells each wait of more than two seconds with its reason, and waits as long as it is asked to', async () => {
    const { api, clock, notes } = rig((count) =>
      count === 1 ? { status: 503, body: '{}', headers: { 'retry-after': '40' } } : count === 2 ? reset() : ok,
    );
    await api.get('/publish/catalog');
    expect(clock.slept[0]).toBe(40_000);
    expect(notes).toEqual(['waiting 40 s to try again: https://api.test answered 503']);
    const lost = rig((count) => (count < 6 ? reset() : ok));
    await lost.api.get('/publish/catalog');
    const long = lost.clock.slept.filter((pause) => pause > 2_000);
    expect(long.length).toBeGreaterThan(0);
    expect(lost.notes).toEqual(
      long.map(
        (pause) =>
          `waiting ${Math.ceil(pause / 1_000)} s to try again: https://api.test cannot be reached: socket hang up`,
      ),
    );
  });

  it('gives up at once where it is asked to wait longer than two minutes, and says for how long', async () => {
    const { api, sent, notes } = rig(() => ({ status: 429, body: '', headers: { 'retry-after': '3600' } }));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('run the same command again in 60 min 0 s'),
    });
    expect([sent.length, notes]).toEqual([1, []]);
  });

  it('says how to go on where it is interrupted while it changes something', async () => {
    const said: string[] = [];
    const { api, notes } = rig(
      () => ok,
      undefined,
      async (say, work) => {
        said.push('asked');
        say();
        return work();
      },
    );
    await api.get('/publish/catalog');
    expect([said, notes]).toEqual([[], []]);
    await api.post('/publish/catalog', {});
    expect(notes).toEqual([
      'interrupted: the change may have been made or not. Run the same command again to be sure.',
    ]);
  });

  it('names the region and the clock where a signature is refused', async () => {
    const { api, clock } = rig(() => ({
      status: 403,
      body: '{"message":"Forbidden"}',
      headers: { date: new Date(clock.time + 600_000).toUTCString() },
    }));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({
      message: expect.stringMatching(/region us-east-1\. The clock of this machine is 10 min 0 s behind the service's/),
    });
  });

  it('gives up on a broken connection after six tries, with its reason', async () => {
    const { api, sent } = rig(reset);
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({
      status: 503,
      message: 'https://api.test cannot be reached: socket hang up.',
    });
    expect(sent).toHaveLength(6);
  });

  it('names the code of a failure that has no message', async () => {
    const { api } = rig(() => Promise.reject(Object.assign(new Error(''), { code: 'ECONNREFUSED' })));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([400, 403, 404, 409, 410, 412])('is made once where the API refuses it with %i', async (status) => {
    const { api, sent } = rig(() => problem(status, 'some-code', { field: 'release' }));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({
      status,
      code: 'some-code',
      field: 'release',
      message: 'Said by the API.',
    });
    expect(sent).toHaveLength(1);
  });

  it('that is answered by something else than the API says so, once', async () => {
    const { api, sent } = rig(() => ({ status: 200, body: '<!doctype html>\n<p>Welcome' }));
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({
      message: expect.stringMatching(/^https:\/\/api\.test .*check --url/),
    });
    expect(sent).toHaveLength(1);
  });

  it('is not made without credentials', async () => {
    const { sent, clock } = rig(() => ok);
    const api = new ChannelApi({
      url: 'https://api.test',
      region: 'us-east-1',
      sleep: clock.sleep,
      send: async () => ok,
      credentials: async () => {
        throw new Problem(401, 'no-credentials', 'None.');
      },
    });
    await expect(api.get('/publish/catalog')).rejects.toMatchObject({ status: 401 });
    expect([sent, clock.slept]).toEqual([[], []]);
  });
});
