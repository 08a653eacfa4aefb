import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { channelPath } from '../../../../lib/api/routes.ts';
import { apiProblem, ChannelApi } from '../../../../lib/client/api/channel-api.ts';
import type { Exchange, ExchangeResult, WhenInterrupted } from '../../../../lib/client/api/http.ts';
import { exitCodeOf, exitCodes } from '../../../../lib/client/exit-codes.ts';
import { Problem } from '../../../../lib/domain/problem.ts';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../../../lib/local/sigv4/verify.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { sha256 } from '../../../support/memory-bucket.ts';

describe('apiProblem', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const signed = { region: 'eu-central-1', now };
  const url = new URL('https://api.test/publish/catalog?after=x');

  describe('what the API or its gateway refuses', () => {
    it.each([
      ['our own words', 409, '{"detail":"Taken.","code":"other-bytes","field":"release"}', 'Taken.', 'other-bytes'],
      ["IAM's 403", 403, '{"message":"Forbidden"}', 'execute-api:Invoke on /publish/catalog', 'forbidden'],
      ["IAM's 403 without JSON", 403, 'no', 'signed for the region eu-central-1. Check your identity', 'forbidden'],
      [
        "the gateway's 404",
        404,
        '{"message":"Not Found"}',
        'has no publish API at /publish/catalog: check --url',
        'not-found',
      ],
      ["the gateway's 503", 503, '{"message":"Service Unavailable"}', 'run the same command again', 'unavailable'],
      [
        "the gateway's 413",
        413,
        '{"message":"Request Too Long"}',
        'refused the request (413: Request Too Long)',
        'refused',
      ],
      ['anything else', 302, '', 'refused the request (302).', 'refused'],
      ['JSON that is no object', 400, '7', 'refused the request (400).', 'refused'],
      ['null', 400, 'null', 'refused the request (400).', 'refused'],
      ['details of wrong types', 400, '{"detail":7,"code":[]}', 'refused the request (400).', 'refused'],
    ])('becomes a sentence for %s', (_, status, body, sentence, code) => {
      expect(apiProblem({ status, body }, url, signed)).toMatchObject({
        status,
        code,
        message: expect.stringContaining(sentence),
      });
    });

    it.each([
      ['ahead of', 6 * 60, 'The clock of this machine is 6 min 0 s ahead of the service'],
      ['behind', -3_600, 'The clock of this machine is 60 min 0 s behind the service'],
    ])('names the clock and the region where the clock is %s the service', (_, seconds, sentence) => {
      const headers = { date: new Date(now - seconds * 1_000).toUTCString() };
      const { message } = apiProblem({ status: 403, body: '{"message":"Forbidden"}', headers }, url, signed);
      expect(message).toContain(sentence);
      expect(message).toContain('set the clock');
      expect(message).toContain('eu-central-1');
      expect(message).not.toContain('get-caller-identity');
    });

    it.each([
      [299, undefined],
      [-299, undefined],
      [0, 'yesterday'],
      [0, ''],
    ])('names no clock where it is %i s off and the Date header is %p', (seconds, header) => {
      const date = header ?? new Date(now - seconds * 1_000).toUTCString();
      const { message } = apiProblem({ status: 403, body: '', headers: { date } }, url, signed);
      expect(message).not.toContain('clock');
      expect(message).toContain('get-caller-identity');
    });

    it.each([
      [429, '3600', 'run the same command again in 60 min 0 s.'],
      [503, 'Thu, 01 Jan 2026 00:00:40 GMT', 'run the same command again in 40 s.'],
      [503, 'soon', 'run the same command again.'],
    ])('says when to try again after a %i with Retry-After %p', (status, retryAfter, sentence) => {
      const { message } = apiProblem({ status, body: '', headers: { 'retry-after': retryAfter } }, url, signed);
      expect(message).toContain(sentence);
    });

    it('is always a Problem', () => {
      fc.assert(
        fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, body) => {
          expect(apiProblem({ status, body }, url, signed)).toBeInstanceOf(Problem);
        }),
        { seed: 60 },
      );
    });
  });

  describe('the exit code', () => {
    it.each([
      [400, exitCodes.refused],
      [401, exitCodes.noAccess],
      [403, exitCodes.noAccess],
      [404, exitCodes.notFound],
      [410, exitCodes.notFound],
      [409, exitCodes.conflict],
      [412, exitCodes.conflict],
      [413, exitCodes.refused],
      [500, exitCodes.unavailable],
      [503, exitCodes.unavailable],
    ])('of a %i is %i', (status, code) => {
      expect(exitCodeOf(new Problem(status, 'x', 'x'))).toBe(code);
    });

    it('of anything else is that of a defect, and all are different', () => {
      expect([exitCodeOf(new Error('x')), exitCodeOf(undefined)]).toEqual([exitCodes.defect, exitCodes.defect]);
      expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
    });
  });
});

describe('ChannelApi', () => {
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
        'interrupted: the change may or may not have been made. Run the same command again to be sure.',
      ]);
    });

    it('names the region and the clock where a signature is refused', async () => {
      const { api, clock } = rig(() => ({
        status: 403,
        body: '{"message":"Forbidden"}',
        headers: { date: new Date(clock.time + 600_000).toUTCString() },
      }));
      await expect(api.get('/publish/catalog')).rejects.toMatchObject({
        message: expect.stringMatching(
          /region us-east-1\. The clock of this machine is 10 min 0 s behind the service's/,
        ),
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
});
