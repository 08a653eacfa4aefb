import { once } from 'node:events';
import { connect } from 'node:net';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from '@jest/globals';
import { locateBucket } from '../../../../lib/store/read/bucket-location.ts';
import { createPresign, fixedKeys } from '../../../../lib/store/read/presign.ts';
import { testS3 } from '../../../support/test-s3.ts';

const s3 = await testS3({ onlyDirect: true });
await s3.client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'before' }));
afterAll(() => s3.close());

const port = (): string => s3.host.split(':')[1] ?? '';

async function presign(method: string, host: string): Promise<string> {
  const at = locateBucket({ bucket: 'bucket', endpoint: `http://${host}`, region: 'us-east-1', pathStyle: 'path' });
  const keys = fixedKeys({ accessKeyId: 'key', secretAccessKey: 'secret' });
  const url = new URL(await createPresign(at, keys, Date.now)({ method, key: 'key', expiresInSeconds: 60 }));
  return url.pathname + url.search;
}

const content = async () =>
  (await s3.client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }))).Body?.transformToString();

const put = async (headers: Readonly<Record<string, string>>, hostname = s3.host) => ({
  signed: await s3.sendSigned({ method: 'PUT', target: '/bucket/key', headers, body: 'after' }),
  presigned: await s3.send({
    method: 'PUT',
    target: await presign('PUT', hostname),
    headers: { host: hostname, ...headers },
    body: 'after',
  }),
});

describe('the S3 stand-in with public keys', () => {
  it.each([
    ['origin', 'http://localhost:3000'],
    ['origin', 'null'],
    ['sec-fetch-site', 'same-origin'],
    ['forwarded', 'for=192.0.2.1'],
    ['x-forwarded-for', '192.0.2.1'],
    ['via', '1.1 proxy'],
  ])('refuses a write with the header %s: %s', async (name, value) => {
    for (const { status, code, body } of Object.values(await put({ [name]: value }))) {
      expect([status, code]).toEqual([403, 'AccessDenied']);
      expect(body).toContain(`header ${name}`);
      expect(body).toContain('channelctl');
    }
    expect(await content()).toBe('before');
  });

  it.each(['rebound.test', '0.0.0.0', '127.0.0.1.rebound.test'])(
    'refuses reads and writes at the host %s',
    async (name) => {
      const host = `${name}:${port()}`;
      const { presigned } = await put({ host }, host);
      const read = await s3.send({ method: 'GET', target: await presign('GET', host), headers: { host } });
      for (const { status, code } of [presigned, read]) expect([status, code]).toEqual([403, 'AccessDenied']);
      expect(await content()).toBe('before');
    },
  );

  it('accepts writes at each host name of this machine', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      const host = `${name}:${port()}`;
      const target = await presign('PUT', host);
      expect((await s3.send({ method: 'PUT', target, headers: { host }, body: 'before' })).status).toBe(200);
    }
  });

  it('lets a browser follow a link to a release', async () => {
    const target = await presign('GET', s3.host);
    const headers = { host: s3.host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(await s3.send({ method: 'GET', target, headers })).toMatchObject({ status: 200, body: 'before' });
  });

  it('refuses a CORS preflight', async () => {
    const headers = { origin: 'http://localhost:3000', 'access-control-request-method': 'PUT' };
    const answer = await s3.send({ method: 'OPTIONS', target: '/bucket/key', headers });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  it('refuses a request before its body arrives, and closes the connection', async () => {
    const socket = connect(Number(port()), '127.0.0.1').on('error', () => {});
    socket.write(`PUT /bucket/key HTTP/1.1\r\nhost: ${s3.host}\r\ncontent-length: 1000000\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 /);
    const sending = setInterval(() => socket.write('x'), 20);
    // Either closed or reset.
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(sending);
  });
});
