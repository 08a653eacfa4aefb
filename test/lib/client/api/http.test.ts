import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createRetry,
  type Failure,
  maxTries,
  maxWaitMs,
  retryAfterMs,
  send,
  whenInterrupted,
} from '../../../../lib/client/api/http.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('http', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function serverOf(handler: http.RequestListener): Promise<URL> {
    const server = http.createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`);
  }

  const echo: http.RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.writeHead(201).end(`${request.method} ${request.url} ${request.headers['x-a']} ${Buffer.concat(chunks)}`);
  };

  describe('an exchange', () => {
    it.each([
      ['nothing', undefined, ''],
      ['a buffer', Buffer.from('body'), 'body'],
      ['a stream', Readable.from([Buffer.from('bo'), Buffer.from('dy')]), 'body'],
    ])('sends %s and gives the whole answer', async (_, body, text) => {
      const url = await serverOf(echo);
      const exchange = {
        method: 'PUT',
        url,
        headers: { 'x-a': '1' },
        idleTimeoutMs: 5_000,
        ...(body === undefined ? {} : { body }),
      };
      expect(await send(exchange)).toMatchObject({ status: 201, body: `PUT /a?b=c 1 ${text}` });
    });

    it('gives the headers, and no more of the body than is asked for', async () => {
      const url = await serverOf((_, response) => {
        // The rest never comes.
        response.writeHead(200, { 'content-length': '100000', link: '<a>' }).write('x'.repeat(2_000));
      });
      const { body, headers } = await send({
        method: 'GET',
        url,
        headers: {},
        idleTimeoutMs: 5_000,
        maxBodyBytes: 1_000,
      });
      expect([body.length, headers?.link]).toEqual([1_000, '<a>']);
    });

    it('hands the body of a 200 on instead of keeping it, and keeps that of any other answer', async () => {
      const url = await serverOf((request, response) => {
        response.writeHead(request.url === '/good' ? 200 : 403).end('body');
      });
      const ask = async (path: string) => {
        const handed: Buffer[] = [];
        const onBody = (chunk: Buffer) => void handed.push(chunk);
        const exchange = { method: 'GET', url: new URL(path, url), headers: {}, idleTimeoutMs: 5_000, onBody };
        const { status, body } = await send(exchange);
        return [status, body, Buffer.concat(handed).toString()];
      };
      expect(await ask('/good')).toEqual([200, '', 'body']);
      expect(await ask('/bad')).toEqual([403, 'body', '']);
    });

    it('fails when nothing comes or goes for too long', async () => {
      const url = await serverOf(() => {});
      await expect(send({ method: 'GET', url, headers: {}, idleTimeoutMs: 30 })).rejects.toMatchObject({
        message: 'no data was sent or received for 0.03 s',
      });
    });

    it('fails when the answer breaks off', async () => {
      const url = await serverOf((request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half', () => request.socket.destroy());
      });
      await expect(send({ method: 'GET', url, headers: {}, idleTimeoutMs: 5_000 })).rejects.toMatchObject({
        code: 'ECONNRESET',
      });
    });

    it('fails with its body, and lets it go', async () => {
      const url = await serverOf(echo);
      const body = new Readable({
        read() {
          this.destroy(new Error('no such file'));
        },
      });
      await expect(
        send({ method: 'PUT', url, headers: { 'content-length': '4' }, body, idleTimeoutMs: 5_000 }),
      ).rejects.toMatchObject({
        message: 'no such file',
      });
    });

    it('ends when it is told to, and lets its body go', async () => {
      const url = await serverOf(() => {});
      const body = new Readable({ read() {} });
      const controller = new AbortController();
      const ended = send({ method: 'PUT', url, headers: {}, body, idleTimeoutMs: 5_000, signal: controller.signal });
      controller.abort();
      await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
      expect(body.destroyed).toBe(true);
    });
  });
});

describe('interrupt', () => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

  it.each(signals)('says how to go on at %s, once, and leaves the end to whoever else listens', async (signal) => {
    const before = signals.map((each) => process.listenerCount(each));
    let said = 0;
    let heard = 0;
    const other = (): void => {
      heard += 1;
    };
    process.on(signal, other);
    const result = await whenInterrupted(
      () => {
        said += 1;
      },
      async () => {
        process.emit(signal, signal);
        process.emit(signal, signal);
        return 'done';
      },
    );
    process.emit(signal, signal);
    process.off(signal, other);
    expect([result, said, heard]).toEqual(['done', 1, 3]);
    expect(signals.map((each) => process.listenerCount(each))).toEqual(before);
  });

  it('says nothing where nothing interrupts, and listens no longer afterwards', async () => {
    const before = signals.map((each) => process.listenerCount(each));
    const say = (): void => {
      throw new Error('nobody interrupted');
    };
    await expect(whenInterrupted(say, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(signals.map((each) => process.listenerCount(each))).toEqual(before);
  });
});

describe('retry', () => {
  function rig() {
    const clock = new FakeClock();
    const notes: string[] = [];
    const retry = createRetry({ sleep: clock.sleep, now: clock.now, note: (sentence) => notes.push(sentence) });
    return { clock, notes, retry };
  }

  const untilItGivesUp = async (failure: Failure) => {
    const { clock, notes, retry } = rig();
    let tries = 1;
    while (await retry(failure)) tries += 1;
    return { tries, slept: clock.slept, notes };
  };

  describe('the wait before the next try', () => {
    it('doubles from 125 to 250 ms up to 4 to 8 s, and ends after six tries', async () => {
      const { tries, slept } = await untilItGivesUp({ reason: 'r' });
      expect(tries).toBe(maxTries);
      for (const [index, pause] of slept.entries()) {
        expect(pause).toBeGreaterThanOrEqual(125 * 2 ** index);
        expect(pause).toBeLessThanOrEqual(250 * 2 ** index);
      }
    });

    it('goes on for two minutes in a queue', async () => {
      const { slept } = await untilItGivesUp({ reason: 'r', isQueue: true });
      const sum = slept.reduce((one, other) => one + other, 0);
      expect(sum).toBeGreaterThanOrEqual(maxWaitMs);
      expect(sum - (slept.at(-1) ?? 0)).toBeLessThan(maxWaitMs);
      expect(Math.max(...slept)).toBeLessThanOrEqual(8_000);
    });

    it('is told with its reason where it is over 2 s, and otherwise not', async () => {
      const { slept, notes } = await untilItGivesUp({ reason: 'S3 answered 503', isQueue: true });
      expect(notes).toEqual(
        slept
          .filter((pause) => pause > 2_000)
          .map((pause) => `waiting ${Math.ceil(pause / 1_000)} s to try again: S3 answered 503`),
      );
      expect(notes.length).toBeLessThan(slept.length);
    });

    it('is at least what Retry-After says, in seconds or as a date', async () => {
      const { clock, notes, retry } = rig();
      expect(await retry({ reason: 'busy', retryAfter: '30' })).toBe(true);
      expect(await retry({ reason: 'busy', retryAfter: new Date(clock.time + 50_000).toUTCString() })).toBe(true);
      expect(clock.slept).toEqual([30_000, 50_000]);
      expect(notes).toEqual(['waiting 30 s to try again: busy', 'waiting 50 s to try again: busy']);
    });

    it('is not begun where Retry-After says more than two minutes', async () => {
      const { clock, retry } = rig();
      expect(await retry({ reason: 'busy', retryAfter: '121', isQueue: true })).toBe(false);
      expect(clock.slept).toEqual([]);
    });
  });

  it('Retry-After is a wait that is not negative, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.integer().map(String), fc.date().map(String), fc.constant(undefined)),
        (header) => expect(retryAfterMs(header, Date.parse('2026-01-01'))).toBeGreaterThanOrEqual(0),
      ),
      { seed: 3 },
    );
  });
});
