import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type Exchange, maxTries, type Send, send } from '../../../../lib/client/api/http.ts';
import { type DownloadTask, download } from '../../../../lib/client/publish/download.ts';
import { parseSourceUrl } from '../../../../lib/client/publish/source-url.ts';
import { noProgress } from '../../../../lib/client/text.ts';
import { Problem } from '../../../../lib/domain/problem.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const bytes = Buffer.from('bytes of a file '.repeat(4_000));
const etag = '"one"';
const rev = '0a'.repeat(20);

interface Request {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

/** A server on a port of its own, and the requests that it got. */
async function serverOf(handler: http.RequestListener) {
  const requests: Request[] = [];
  const server = http.createServer((request, response) => {
    const { range, authorization } = request.headers;
    const ifRange = request.headers['if-range']?.toString();
    requests.push({ path: request.url ?? '', range, ifRange, authorization });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

let files = 0;

async function run(url: string, more: Partial<DownloadTask> & { send?: Send; environment?: NodeJS.ProcessEnv } = {}) {
  files += 1;
  const path = join(directory.path, `file-${files}`);
  const waits: number[] = [];
  const { send: by = send, environment = { NIX_CONF_DIR: directory.path }, ...task } = more;
  const sleep = async (duration: number) => void waits.push(duration);
  const options = { send: by, progress: noProgress, environment, sleep, now: Date.now };
  const got = await download(options, {
    url: parseSourceUrl(url),
    path,
    allowPrivate: true,
    maxSize: Infinity,
    allowHtml: false,
    isKnown: () => false,
    ...task,
  });
  return { ...got, content: readFileSync(path), waits };
}

/** Sends a file as S3 does, and breaks each answer but the last of some after so many bytes. */
function fileWith({
  breaks = 0,
  after = 10_000,
  validator = etag as string | undefined,
  ranges = true,
} = {}): http.RequestListener {
  let left = breaks;
  return (request, response) => {
    const { range = '', 'if-range': ifRange } = request.headers;
    const from =
      ranges && (ifRange === undefined || ifRange === validator) ? Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0) : 0;
    const rest = bytes.subarray(from);
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': rest.length,
      ...(validator === undefined ? {} : { etag: validator }),
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (left === 0) return void response.end(rest);
    left -= 1;
    response.write(rest.subarray(0, after), () => setTimeout(() => request.socket.destroy(), 20));
  };
}

describe('a download', () => {
  it('follows redirects, and gives the last Link on its way', async () => {
    const { origin, requests } = await serverOf((request, response) => {
      const link = (name: string) => `<https://a.test/${name}?rev=${rev}>; rel="immutable"`;
      if (request.url === '/a') response.writeHead(302, { location: '/b', link: link('first') }).end();
      else if (request.url === '/b')
        response.writeHead(307, { location: 'c', link: [link('second'), 'not a link'] }).end('ignored');
      else response.writeHead(200).end(bytes);
    });
    const { content, link, url, complete } = await run(`${origin}/a`);
    expect(content.equals(bytes)).toBe(true);
    expect([link?.url.href, link?.facts, url.href, complete]).toEqual([
      'https://a.test/second',
      { rev },
      `${origin}/c`,
      true,
    ]);
    expect(requests.map(({ path }) => path)).toEqual(['/a', '/b', '/c']);
  });

  it.each([
    ['a redirect', 302],
    ['the file itself', 200],
  ])('reads nothing more where the Link of %s is known', async (_, status) => {
    const { origin, requests } = await serverOf((_request, response) => {
      const link = `<https://a.test/x?rev=${rev}>; rel="immutable"`;
      response.writeHead(status, { link, location: '/next' }).end(status === 200 ? bytes : '');
    });
    const { complete, content } = await run(`${origin}/a`, { isKnown: ({ facts }) => facts.rev === rev });
    expect([complete, content.length, requests.length]).toEqual([false, 0, 1]);
  });

  it('continues where it broke off, with the entity tag', async () => {
    const { origin, requests } = await serverOf(fileWith({ breaks: 2 }));
    const { content, waits } = await run(`${origin}/a`);
    expect(content.equals(bytes)).toBe(true);
    expect(requests.map(({ range, ifRange }) => [range, ifRange])).toStrictEqual([
      [undefined, undefined],
      ['bytes=10000-', etag],
      ['bytes=20000-', etag],
    ]);
    expect(waits).toHaveLength(2);
  });

  it('continues at the URL of the Link, where the one that was given may lead elsewhere by then', async () => {
    const file = fileWith({ breaks: 1 });
    const { origin, requests } = await serverOf((request, response) => {
      const link = `<${origin}/permanent?rev=${rev}>; rel="immutable"`;
      if (request.url === '/channel') response.writeHead(307, { location: '/signed', link }).end();
      else if (request.url === '/permanent') response.writeHead(307, { location: '/signed-again' }).end();
      else file(request, response);
    });
    expect((await run(`${origin}/channel`)).content.equals(bytes)).toBe(true);
    expect(requests.map(({ path }) => path)).toEqual(['/channel', '/signed', '/permanent', '/signed-again']);
  });

  it.each([
    ['the entity tag is weak', { validator: 'W/"one"' }],
    ['there is no entity tag', { validator: undefined }],
    ['the server knows no ranges', { ranges: false }],
  ])('begins again where %s', async (_, how) => {
    const { origin } = await serverOf(fileWith({ breaks: 1, ...how }));
    expect((await run(`${origin}/a`)).content.equals(bytes)).toBe(true);
  });

  it('gives up where it gets no further, and says so', async () => {
    const { origin, requests } = await serverOf((request) => request.socket.destroy());
    await expect(run(`${origin}/a`)).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(new RegExp(`^${origin} cannot be reached: .*again later\\.$`)),
    });
    expect(requests).toHaveLength(maxTries);
  });

  it('tries again after 503, no sooner than the answer says', async () => {
    let asked = 0;
    const { origin } = await serverOf((_, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(503, { 'retry-after': '7' }).end();
      else response.writeHead(200).end(bytes);
    });
    const { waits } = await run(`${origin}/a`);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(7_000);
  });

  const changed = {
    code: 'changed',
    message: expect.stringMatching(/changed while it was read: run the same command again\.$/),
  };

  it.each<[string, http.OutgoingHttpHeaders, number]>([
    ['another entity tag', { etag: '"two"', 'content-length': bytes.length }, 200],
    ['another size', { etag, 'content-length': 7 }, 200],
    ['another date', { etag, 'content-length': bytes.length, 'last-modified': 'Tue, 02 Jan 2024 00:00:00 GMT' }, 200],
    ['another part', { etag, 'content-range': `bytes 5-9/${bytes.length}` }, 206],
    ['412, as a channel that moved', {}, 412],
    ['416', {}, 416],
  ])('is refused where the file changes while it is read: %s', async (_, headers, status) => {
    const first = fileWith({ breaks: 1 });
    let asked = 0;
    const { origin } = await serverOf((request, response) => {
      asked += 1;
      response.setHeader('last-modified', 'Mon, 01 Jan 2024 00:00:00 GMT');
      if (asked === 1) return first(request, response);
      response.writeHead(status, headers).end('seven b');
    });
    await expect(run(`${origin}/a`)).rejects.toMatchObject(changed);
  });

  it.each<[string, http.OutgoingHttpHeaders, string | Buffer]>([
    ['by its type', { 'content-type': 'text/html; charset=utf-8' }, 'word'],
    ['by its beginning', {}, '\n <!DOCTYPE HTML><p>word'],
    ['by its first tag', { 'content-type': 'application/octet-stream' }, '<html lang="en">'],
  ])('refuses an HTML page, %s, unless the channel has pages', async (_, headers, body) => {
    const { origin } = await serverOf((_request, response) => response.writeHead(200, headers).end(body));
    await expect(run(`${origin}/a`)).rejects.toThrow(`${origin}/a answers with an HTML page instead of a file`);
    expect((await run(`${origin}/a`, { allowHtml: true })).content.toString()).toBe(String(body));
  });

  it.each<[string, http.RequestListener, RegExp | object]>([
    ['404', (_, response) => response.writeHead(404).end(), { status: 404 }],
    [
      '403',
      (_, response) => response.writeHead(403).end(),
      { status: 403, message: expect.stringContaining('channelctl login') },
    ],
    ['304', (_, response) => response.writeHead(304).end(), /answers 304 instead of a file/],
    ['an empty file', (_, response) => response.writeHead(200).end(), /empty file/],
    [
      'a file in another encoding',
      (_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('x'),
      /Content-Encoding br/,
    ],
    ['a loop', (_, response) => response.writeHead(302, { location: '/a' }).end(), /redirects more than 10 times/],
    ['a URL that is none', (_, response) => response.writeHead(302, { location: 'http://[' }).end(), /not a URL/],
    [
      'credentials',
      (_, response) => response.writeHead(302, { location: 'https://u:p@b.test/' }).end(),
      /^https:\/\/b\.test\/ was given with a user name/,
    ],
    [
      'plain http elsewhere',
      (_, response) => response.writeHead(302, { location: 'http://b.test/c' }).end(),
      /http:\/\/b\.test\/c is not https/,
    ],
  ])('refuses %s at once', async (_, handler, expected) => {
    const { origin, requests } = await serverOf(handler);
    const refused = expect(run(`${origin}/a`)).rejects;
    await (expected instanceof RegExp ? refused.toThrow(expected) : refused.toMatchObject(expected));
    expect(requests.length).toBeLessThan(12);
  });

  it.each([
    ['that it says', true],
    ['that it has', false],
  ])('refuses a file by the size %s', async (_, says) => {
    const { origin } = await serverOf((_request, response) => {
      if (says) response.setHeader('content-length', bytes.length);
      response.write(bytes.subarray(0, 30_000));
      response.end(bytes.subarray(30_000));
    });
    await expect(run(`${origin}/a`, { maxSize: 40_000 })).rejects.toThrow(/is larger than the 39\.1 KiB/);
    expect((await run(`${origin}/a`, { maxSize: bytes.length })).content.length).toBe(bytes.length);
  });
});

describe('a download, of whom it asks', () => {
  /** Answers without a socket: what each host says. */
  const world = (answers: Readonly<Record<string, { status: number; location?: string }>>) => {
    const asked: Exchange[] = [];
    const fake: Send = async (exchange) => {
      asked.push(exchange);
      const { status, location } = answers[exchange.url.origin] ?? { status: 200 };
      const head = { status, headers: location === undefined ? {} : { location } };
      if (status === 200) exchange.onBody?.(bytes, head);
      return { ...head, body: '' };
    };
    return { asked, fake };
  };

  it('follows no redirect from https to http', async () => {
    const { asked, fake } = world({ 'https://a.test': { status: 301, location: 'http://127.0.0.1/b' } });
    await expect(run('https://a.test/b', { send: fake })).rejects.toThrow(
      'https://a.test/b redirects from https to http://127.0.0.1/b, and that is not followed.',
    );
    expect(asked).toHaveLength(1);
  });

  it.each(['https://10.0.0.1/b', 'https://[fd00::1]/b', 'https://0x7f000001/b'])(
    'follows no redirect to %s, unless it may',
    async (location) => {
      const { asked, fake } = world({ 'https://a.test': { status: 302, location } });
      await expect(run('https://a.test/b', { send: fake, allowPrivate: false })).rejects.toMatchObject({
        code: 'private-address',
        message: expect.stringContaining('--allow-private'),
      });
      expect(asked.map(({ url }) => url.origin)).toEqual(['https://a.test']);
      expect((await run('https://a.test/b', { send: fake })).content.length).toBe(bytes.length);
    },
  );

  it('resolves every name by itself, unless it may lead anywhere', async () => {
    const { asked, fake } = world({ 'https://a.test': { status: 302, location: 'https://b.test/c' } });
    await run('https://a.test/b', { send: fake, allowPrivate: false });
    expect(asked.map(({ lookup }) => typeof lookup)).toEqual(['function', 'function']);
    await run('https://a.test/b', { send: fake });
    expect(asked.slice(2).map(({ lookup }) => typeof lookup)).toEqual(['undefined', 'undefined']);
  });

  it('sends what netrc has only after a 401, and to no other host', async () => {
    const other = await serverOf((_, response) => response.writeHead(200).end(bytes));
    const { origin, requests } = await serverOf((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401).end();
      else response.writeHead(302, { location: `${other.origin}/c` }).end();
    });
    const netrc = directory.file('netrc', 'machine 127.0.0.1 login u password p\n');
    await run(`${origin}/a`, { environment: { NIX_CONFIG: `netrc-file = ${netrc}`, NIX_CONF_DIR: directory.path } });
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([undefined, basic]);
    expect(other.requests.map(({ authorization }) => authorization)).toStrictEqual([undefined]);
  });

  it('answers no 401 of another host, even if netrc has an entry for it', async () => {
    const other = await serverOf((_, response) => response.writeHead(401).end());
    const { origin } = await serverOf((_, response) => {
      response.writeHead(302, { location: `${other.origin}/c` }).end();
    });
    const netrc = directory.file('netrc-other', 'machine 127.0.0.1 login u password p\n');
    const environment = { NIX_CONFIG: `netrc-file = ${netrc}`, NIX_CONF_DIR: directory.path };
    await expect(run(`${origin}/a`, { environment })).rejects.toMatchObject({ status: 403 });
    expect(other.requests.map(({ authorization }) => authorization)).toStrictEqual([undefined]);
  });

  it('sends what it was given with the first request, and nothing of netrc where that was nothing', async () => {
    const other = await serverOf((_, response) => response.writeHead(200).end(bytes));
    const { origin, requests } = await serverOf((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401).end();
      else response.writeHead(302, { location: `${other.origin}/c` }).end();
    });
    const netrc = directory.file('netrc-given', 'machine 127.0.0.1 login u password p\n');
    const environment = { NIX_CONFIG: `netrc-file = ${netrc}`, NIX_CONF_DIR: directory.path };
    await run(`${origin}/a`, { environment, authorization: 'Basic eDp5' });
    expect(requests.map(({ authorization }) => authorization)).toStrictEqual(['Basic eDp5']);
    expect(other.requests.map(({ authorization }) => authorization)).toStrictEqual([undefined]);
    await expect(run(`${origin}/a`, { environment, authorization: undefined })).rejects.toMatchObject({ status: 403 });
    expect(requests.slice(1).map(({ authorization }) => authorization)).toStrictEqual([undefined]);
  });

  it('follows http to other machines where the service has only that, and never credentials in a URL', async () => {
    const to = (location: string) => world({ 'http://127.0.0.1': { status: 302, location } });
    await expect(run('http://127.0.0.1/b', { send: to('http://b.test/c').fake })).rejects.toThrow('is not https');
    const { asked, fake } = to('http://b.test/c');
    await run('http://127.0.0.1/b', { send: fake, allowHttp: true });
    expect(asked.map(({ url }) => url.href)).toEqual(['http://127.0.0.1/b', 'http://b.test/c']);
    const named = to('http://u:p@b.test/c').fake;
    await expect(run('http://127.0.0.1/b', { send: named, allowHttp: true })).rejects.toThrow('user name or password');
    const file = to('file:///etc/passwd').fake;
    await expect(run('http://127.0.0.1/b', { send: file, allowHttp: true })).rejects.toThrow('is not https');
  });

  it('gives the problem that its caller makes of an answer', async () => {
    const { fake } = world({ 'https://a.test': { status: 410 } });
    const refusal = (url: URL, { status }: { status: number }) => new Problem(status, 'gone', `${url.host} says no.`);
    await expect(run('https://a.test/b', { send: fake, refusal })).rejects.toThrow('a.test says no.');
  });

  it('sends no default entry of netrc', async () => {
    const { origin, requests } = await serverOf((_, response) => response.writeHead(401).end());
    const netrc = join(directory.path, 'netrc-default');
    await writeFile(netrc, 'default login u password p\n');
    const environment = { NIX_CONFIG: `netrc-file = ${netrc}`, NIX_CONF_DIR: directory.path };
    await expect(run(`${origin}/a`, { environment })).rejects.toMatchObject({ status: 403 });
    expect(requests.map(({ authorization }) => authorization)).toStrictEqual([undefined]);
  });
});

describe('a URL to publish from', () => {
  it.each(['http://a.test/b', 'ftp://a.test/b', 'file:///etc/passwd', 's3://a/b'])('must be https: not %s', (url) => {
    expect(() => parseSourceUrl(url)).toThrow(/is not https/);
  });

  it('holds no credentials, and they are not shown', () => {
    expect(() => parseSourceUrl('https://user:secret@a.test/b?x=secret')).toThrow(
      /^https:\/\/a\.test\/b was given with a user name or password: put them into the netrc file of Nix instead\.$/,
    );
  });

  it('may be http on this machine', () => {
    expect(parseSourceUrl('http://localhost:8080/a').href).toBe('http://localhost:8080/a');
  });
});
