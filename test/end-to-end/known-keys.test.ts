import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { signedHeaders } from '../../lib/client/api/http.ts';
import { exitCodes } from '../../lib/client/exit-codes.ts';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { locateBucket } from '../../lib/store/read/bucket-location.ts';
import { createPresign, fixedKeys, Sha256 } from '../../lib/store/read/presign.ts';
import { browse, chromium } from '../support/chromium.ts';
import { rawRequest } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const { region, ...keys } = localPublisher;
const yankPath = '/publish/channels/demo/yank';
let system: TestSystem;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  system = await startTestSystem({ store: undefined });
  closing.push(system.close);
  await system.channelctl('add', 'demo');
  const path = join(system.directory, 'demo-1.tar.xz');
  await writeFile(path, tarball('demo'));
  expect((await system.channelctl('publish', 'demo', path)).code).toBe(0);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Everything in the bucket that a stranger could have changed. */
async function state(): Promise<unknown> {
  const { Uploads = [] } = await system.s3.send(new ListMultipartUploadsCommand({ Bucket: system.bucket }));
  return [await system.read('channels.json'), await system.read('demo.json'), Uploads];
}

async function serve(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/** A reverse proxy as they are set up: the host is that of what is behind it. */
const proxyTo = (target: string, more: Readonly<Record<string, string>>): Promise<string> =>
  serve((incoming, outgoing) => {
    const { hostname, host, port } = new URL(target);
    const headers = { ...incoming.headers, ...more, host };
    const passed = http.request({ hostname, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed.on('error', () => outgoing.destroy()));
  });

/** A yank that is signed with the known keys for the API's own address. */
async function yank() {
  const body = JSON.stringify({ operation: crypto.randomUUID(), release: 'demo-1', reason: 'a stranger' });
  const signer = new SignatureV4({ service: 'execute-api', region, credentials: keys, sha256: Sha256 });
  const url = new URL(system.origin + yankPath);
  return { method: 'POST', headers: await signedHeaders(signer, { method: 'POST', url, body }), body };
}

describe('the keys that everybody knows', () => {
  it.each([{ 'x-forwarded-for': '192.0.2.1' }, { forwarded: 'for=192.0.2.1' }, { via: '1.1 edge' }])(
    'do not publish through a reverse proxy that adds %j, and everybody reads',
    async (added) => {
      const before = await state();
      const proxy = await proxyTo(system.origin, added);
      const refused = await rawRequest(proxy, yankPath, await yank());
      expect([refused.status, refused.headers['content-type']]).toEqual([403, 'application/problem+json']);
      expect(JSON.parse(refused.text).detail).toContain('PUBLISHER_ACCESS_KEY_ID');
      expect(await state()).toEqual(before);
      expect((await rawRequest(proxy, '/channel/demo.tar.xz')).status).toBe(307);
    },
  );

  it('do not write into the bucket through a reverse proxy', async () => {
    const before = await state();
    const proxy = await proxyTo(system.endpoint, { 'x-forwarded-for': '192.0.2.1' });
    const at = locateBucket({ bucket: system.bucket, endpoint: system.endpoint, region, pathStyle: 'path' });
    const presign = createPresign(at, fixedKeys(keys), Date.now);
    const { pathname, search } = new URL(await presign({ method: 'PUT', key: 'channels.json', expiresInSeconds: 60 }));
    const refused = await rawRequest(proxy, pathname + search, { method: 'PUT', body: '{"channels":[]}' });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('header x-forwarded-for')]);
    expect(await state()).toEqual(before);
  });

  it('are refused through a reverse proxy with a reason that the command prints', async () => {
    const proxy = await proxyTo(system.origin, { via: '1.1 edge' });
    const run = await system.channelctl('--url', proxy, 'list');
    expect(run).toMatchObject({ code: exitCodes.noAccess, err: expect.stringContaining('PUBLISHER_ACCESS_KEY_ID') });
  });
});

describe('the keys that everybody knows, used by a program on this machine,', () => {
  it('publish', async () => {
    expect((await rawRequest(system.origin, yankPath, await yank())).status).toBe(200);
    expect(JSON.parse(await system.read('demo.json')).yanked).toHaveProperty('demo-1');
  });
});

interface Report {
  readonly tried: Readonly<Record<string, string>>;
  readonly sound: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
}

if (chromium === undefined) console.log('CHROMIUM is not set: what needs a browser is skipped.');
const withBrowser = chromium === undefined ? it.skip : it;

withBrowser('a page in a browser on this machine publishes nothing, whatever way it sends requests', async () => {
  const before = await state();
  const page = readFileSync(new URL('../fixtures/hostile-page.html', import.meta.url));
  const reports = Promise.withResolvers<Report>();
  const origin = await serve(async (request, response) => {
    if (request.url !== '/report') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      return;
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    response.end();
    reports.resolve(JSON.parse(text));
  });
  const { origin: api, endpoint: s3, bucket } = system;
  const query = new URLSearchParams({ api, s3, bucket, channel: 'demo', release: 'demo-1' });
  closing.push(await browse(chromium as string, `${origin}/?${query}`));
  const { tried, sound } = await reports.promise;
  expect(Object.keys(tried)).toHaveLength(12);
  expect(await state()).toEqual(before);
  // The page's signatures are good: only the way that its requests took was not.
  const { status } = await rawRequest(system.origin, yankPath, { method: 'POST', ...sound });
  expect([status, tried]).toEqual([200, tried]);
  expect(await state()).not.toEqual(before);
});
