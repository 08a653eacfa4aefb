import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../support/fake-clock.ts';
import { follow, rawRequest } from '../support/raw-request.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { newKey, token } from '../support/tokens.ts';

const run = promisify(execFile);

let system: TestSystem;
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock();
  clock.advance(Date.now() - clock.now());
  system = await startTestSystem({ delivery: 'cloudfront' }, { now: clock.now });
  await system.lay('channels.json', { channels: ['demo', 'plus+plus'], public: ['demo'] });
  await system.lay('demo.json', { latest: 'demo-1', previous: [] });
  await system.lay('plus+plus.json', { latest: 'plus+plus-1+2', previous: [] });
  await system.lay('demo-1.tar.xz', 'the release');
  await system.lay('plus+plus-1+2.tar.xz', 'a name with signs');
  await system.lay('revoked.json', { entries: [] });
});
afterEach(() => system.close());

const edge = (): string => system.edge ?? '';
const signed = async (): Promise<URL> =>
  new URL((await system.ask('/permanent/demo-1.tar.xz')).headers.location as string);
const atEdge = (url: URL) => rawRequest(url.origin, url.pathname + url.search);

describe('a service whose releases come from CloudFront', () => {
  it('leads to a signed URL of it, which nothing stores, and from there to the bytes', async () => {
    const { status, headers } = await system.ask('/permanent/demo-1.tar.xz');
    expect([status, headers['cache-control'], headers.link]).toEqual([307, 'no-store', undefined]);
    expect(headers.location).toMatch(
      /^http:\/\/localhost:\d+\/demo-1\.tar\.xz\?Expires=\d+&Signature=[\w~-]+&Key-Pair-Id=\w+&Hash-Algorithm=SHA256$/,
    );
    expect(headers.location?.startsWith(`${edge()}/`)).toBe(true);
    const bytes = await atEdge(new URL(headers.location ?? ''));
    expect([bytes.status, bytes.text, bytes.headers['x-cache']]).toEqual([200, 'the release', 'Miss from cloudfront']);
  });

  it('answers at /channel, to HEAD and to an entity tag as it does without', async () => {
    const channel = await system.ask('/channel/demo.tar.xz');
    expect(channel.headers.location).toBe(`${system.baseUrl}/permanent/demo-1.tar.xz`);
    const head = await system.ask('/permanent/demo-1.tar.xz', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, headers: { 'accept-ranges': 'bytes', 'content-length': '11' } });
    const { etag = '' } = (await atEdge(await signed())).headers;
    expect(etag).toBe(head.headers.etag);
    for (const path of ['/channel/demo.tar.xz', '/permanent/demo-1.tar.xz'])
      expect((await system.ask(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('hands out a URL again in the first half of its life, and each is dead after 15 minutes', async () => {
    const first = await signed();
    clock.advance(449_000);
    expect((await signed()).href).toBe(first.href);
    clock.advance(1_000);
    const second = await signed();
    expect(second.href).not.toBe(first.href);
    expect((await atEdge(first)).status).toBe(200);
    clock.advance(450_000);
    expect([(await atEdge(first)).status, (await atEdge(second)).status]).toEqual([403, 200]);
  });

  it('leads to the object whose name has signs in it', async () => {
    expect((await follow(`${system.baseUrl}/channel/plus%2Bplus.tar.xz`)).text).toBe('a name with signs');
  });

  it('gives nothing but releases, and those only by a signed URL', async () => {
    for (const key of ['channels.json', 'demo.json', 'revoked.json']) {
      expect((await system.ask(`/permanent/${key}`)).status).toBe(404);
      const url = await signed();
      url.pathname = `/${key}`;
      expect(await atEdge(url)).toMatchObject({ status: 403, text: expect.stringContaining('AccessDenied') });
    }
    for (const path of ['/', '/channels.json', '/demo-1.tar.xz'])
      expect(await rawRequest(edge(), path)).toMatchObject({
        status: 403,
        text: expect.stringContaining('<Code>MissingKey</Code>'),
      });
    expect((await atEdge(await signed())).status).toBe(200);
  });
});

it('a client that sends credentials to every host gets the release, where S3 itself refuses it', async () => {
  const netrc = join(system.directory, 'netrc');
  await writeFile(netrc, 'default login token password secret\n');
  const curl = (url: string) =>
    run('curl', ['--silent', '--location', '--netrc-file', netrc, '--write-out', ' %{http_code}', url]);
  expect((await curl(`${system.baseUrl}/channel/demo.tar.xz`)).stdout).toBe('the release 200');
  const other = await startTestSystem();
  try {
    await other.lay('demo-1.tar.xz', 'the release');
    expect((await curl(`${other.baseUrl}/permanent/demo-1.tar.xz`)).stdout).toMatch(/ 400$/);
  } finally {
    await other.close();
  }
});

it('a private release is signed only for who may read it', async () => {
  const key = newKey('RS256');
  const jwt = { keys: { pems: [key.pem], defaultScope: 'none' as const }, leewaySeconds: 0 };
  const guarded = await startTestSystem({ delivery: 'cloudfront', jwt });
  try {
    await guarded.lay('channels.json', { channels: ['demo'], public: [] });
    await guarded.lay('demo.json', { latest: 'demo-1', previous: [] });
    await guarded.lay('demo-1.tar.xz', 'the release');
    const read = async (channels: readonly string[]) => {
      const bearer = token(key, { sub: 'ci', channels, exp: Math.floor(Date.now() / 1_000) + 60 });
      return guarded.ask('/permanent/demo-1.tar.xz', { headers: { authorization: `Bearer ${bearer}` } });
    };
    expect((await guarded.ask('/permanent/demo-1.tar.xz')).status).toBe(401);
    expect((await read(['other'])).status).toBe(404);
    const { status, headers } = await read(['demo']);
    expect(status).toBe(307);
    expect((await atEdge(new URL(headers.location ?? ''))).text).toBe('the release');
  } finally {
    await guarded.close();
  }
});
