import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LocalSettings } from '../../lib/local/local-settings.ts';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const run = promisify(execFile);
const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));

if (nixClients.length === 0)
  it.skip('a real Nix reads through CloudFront, in the directories that NIX_CLIENTS names', () => {});

interface Line {
  readonly endpoint: string;
  /** The `Range` of each GET of a tarball, or none. */
  readonly ranges: (string | undefined)[];
  /** How many whole answers are still broken off in the middle. */
  breaks: number;
  readonly close: () => Promise<void>;
}

/** Stands before the bucket. */
async function breakingLine(target: string): Promise<Line> {
  const server = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    const { hostname, port } = new URL(target);
    const isDownload = method === 'GET' && /\.tar\.xz(?:\?|$)/.test(url);
    if (isDownload) line.ranges.push(headers.range);
    const onward = http.request({ hostname, port, method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (!isDownload || line.breaks === 0) return answer.pipe(response);
      line.breaks -= 1;
      const half = Number(answer.headers['content-length']) >> 1;
      let length = 0;
      return answer.on('data', (chunk: Buffer) => {
        const rest = half - length;
        length += chunk.length;
        if (rest > 0) response.write(chunk.subarray(0, rest), () => length >= half && response.destroy());
      });
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const line: Line = {
    endpoint: `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`,
    ranges: [],
    breaks: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return line;
}

for (const { name, directory } of nixClients)
  describe(`Nix from ${name}, through CloudFront`, () => {
    let data: TemporaryDirectory;
    let system: TestSystem;
    let client: NixClient;

    /** The same bucket and the same address, with other settings. */
    async function restart(overrides: Partial<LocalSettings>): Promise<void> {
      const port = Number(new URL(system.origin).port);
      await system.close();
      system = await startTestSystem({ bucket: 'channels', dataDir: join(data.path, 'data'), port, ...overrides });
    }

    async function publish(word: string): Promise<void> {
      const source = join(data.path, `demo-${word}`);
      await cp(demo, source, { recursive: true });
      const greetings = join(source, 'greetings', 'default.nix');
      await writeFile(greetings, (await readFile(greetings, 'utf8')).replace('Hello', word));
      await writeFile(join(source, 'bytes'), randomBytes(300_000));
      await run('tar', ['cJf', `demo-${word}.tar.xz`, `demo-${word}`], { cwd: data.path });
      const { code, err } = await system.channelctl('publish', 'demo', `${source}.tar.xz`);
      expect([code, err]).toEqual([0, expect.anything()]);
    }

    async function user(): Promise<string> {
      const flake = join(client.home, 'flake');
      await mkdir(flake, { recursive: true });
      await writeFile(
        join(flake, 'flake.nix'),
        `{ inputs.demo.url = "${system.baseUrl}/channel/demo.tar.xz"; outputs = { demo, ... }: { inherit (demo) greeting; }; }`,
      );
      return flake;
    }

    const evaluate = (flake: string, by = client) => by.nix('nix', 'eval', '--raw', `${flake}#greeting`);
    const readLock = (flake: string) => readFile(join(flake, 'flake.lock'), 'utf8');
    const greets = (word: string) => ({ code: 0, out: `${word}, channel!` });

    beforeEach(async () => {
      data = temporaryDirectory();
      const settings = { bucket: 'channels', dataDir: join(data.path, 'data'), delivery: 'cloudfront' } as const;
      system = await startTestSystem(settings);
      client = await nixClient(directory);
      await system.channelctl('add', 'demo');
      await publish('Hello');
    });
    afterEach(async () => {
      await client.close();
      await system.close();
      await rm(data.path, { recursive: true, force: true });
    });

    it('locks the permanent URL, evaluates, and refreshes with 304', async () => {
      const flake = await user();
      expect(await evaluate(flake)).toMatchObject(greets('Hello'));
      const { locked } = JSON.parse(await readLock(flake)).nodes.demo;
      expect(locked.url.split('?')[0]).toBe(`${system.baseUrl}/permanent/demo-Hello.tar.xz`);
      const before = system.written.length;
      const url = `${system.baseUrl}/channel/demo.tar.xz`;
      expect(await client.nix('nix', 'flake', 'metadata', '--refresh', url)).toMatchObject({ code: 0 });
      const requests = system.written.slice(before).map((line) => JSON.parse(line));
      expect(requests.map(({ status }) => status)).toEqual([304]);
    });

    it('fetches with a "default" entry in its netrc, which sends credentials to CloudFront too', async () => {
      await client.netrc('default login token password secret');
      expect(await evaluate(await user())).toMatchObject(greets('Hello'));
    });

    it('resumes a broken download where it broke off', async () => {
      const line = await breakingLine(system.endpoint);
      const { region, ...credentials } = system.publisher;
      const store = { endpoint: line.endpoint, region, credentials };
      const front = await startTestSystem({ bucket: 'channels', store, delivery: 'cloudfront' });
      try {
        line.breaks = 1;
        const url = `${front.baseUrl}/channel/demo.tar.xz`;
        const { code, err } = await client.nix('nix', 'flake', 'metadata', url);
        expect([code, err]).toEqual([0, expect.anything()]);
        expect(line.ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d{5,}-$/)]);
      } finally {
        await front.close();
        await line.close();
      }
    });

    it('fetches old locks into an empty store when the delivery changes, and changes back', async () => {
      const flake = await user();
      expect(await evaluate(flake)).toMatchObject(greets('Hello'));
      const lock = await readLock(flake);
      for (const delivery of ['bucket', 'cloudfront'] as const) {
        await restart({ delivery });
        const other = await nixClient(directory);
        try {
          const old = join(other.home, 'flake');
          await cp(flake, old, { recursive: true });
          expect(await evaluate(old, other)).toMatchObject(greets('Hello'));
          expect(await readLock(old)).toBe(lock);
        } finally {
          await other.close();
        }
      }
    });
  });
