import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startS3 } from '../../../../lib/local/s3/server.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'test-s3-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const settings = () => ({ dataDir, hosts: ['127.0.0.1'], port: 0, region: 'us-east-1', credentials: () => undefined });
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describe('startS3', () => {
  it('listens on the same port of each address, and skips an IPv6 address that the machine lacks', async () => {
    const lines: string[] = [];
    const hosts = ['127.0.0.1', '::1', '2001:db8::1'];
    const s3 = await startS3({ ...settings(), hosts, log: (line) => lines.push(line) });
    for (const host of hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']) {
      expect((await fetch(`http://${host}:${s3.port}/bucket/key?X-Amz-Signature=secret`)).status).toBe(400);
    }
    await s3.close();
    expect(lines[0]).toMatch(/^[0-9A-F]{16} GET \/bucket\/key 400 AuthorizationQueryParametersError: /);
    expect(lines.join()).not.toContain('secret');
  });

  it('rejects with the port that is in use, and does not keep the data directory locked', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startS3({ ...settings(), port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    other.close();
    expect(readdirSync(dataDir)).not.toContain('lock');
  });

  it('rejects if no address exists', async () => {
    await expect(startS3({ ...settings(), hosts: ['2001:db8::1'] })).rejects.toMatchObject({
      code: expect.stringMatching(/^EA/),
    });
  });
});

describe('the close function of startS3', () => {
  it('closes idle and half-sent connections at once', async () => {
    const s3 = await startS3(settings());
    const idle = connect(s3.port, '127.0.0.1');
    await once(idle, 'connect');
    const half = connect(s3.port, '127.0.0.1');
    half.write('PUT /bucket/key HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nx');
    await once(half, 'data');
    const ended = Promise.all([idle, half].map((socket) => once(socket.resume(), 'close')));
    const begin = performance.now();
    await Promise.all([s3.close(), s3.close()]);
    expect(performance.now() - begin).toBeLessThan(30_000);
    await ended;
  });
});
