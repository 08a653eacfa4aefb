import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../../../lib/local/sigv4/verify.ts';
import { locateBucket } from '../../../../lib/store/read/bucket-location.ts';
import { createPresign, fixedKeys, Sha256, type ToPresign } from '../../../../lib/store/read/presign.ts';
import { anyText } from '../../../support/any-text.ts';

describe('presign', () => {
  const time = Date.parse('2026-03-01T12:00:00Z');
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
  const location = locateBucket({ bucket: 'tarballs', region: 'us-east-1', endpoint: 'http://localhost:9000' });
  const presign = createPresign(location, fixedKeys(credentials), () => time);

  async function verify(
    request: ToPresign,
    changes: { url?: string; method?: string; headers?: object; after?: number } = {},
  ) {
    const url = changes.url ?? (await presign(request));
    const { pathname, search, host } = new URL(url);
    const headers = { host, ...request.headers, ...changes.headers };
    return verifySignature(
      {
        method: changes.method ?? request.method,
        rawPath: pathname,
        rawQuery: search.slice(1),
        headers: headerValues(Object.entries(headers).flat() as string[]),
        payloadHash: 'UNSIGNED-PAYLOAD',
      },
      {
        service: 's3',
        region: 'us-east-1',
        credentials: (id) => (id === 'key' ? 'secret' : undefined),
        now: new Date(time + (changes.after ?? 0)),
      },
    );
  }

  const get: ToPresign = { method: 'GET', key: 'a-1.tar.xz', expiresInSeconds: 900 };

  describe('a presigned URL', () => {
    it('names the object and its life', async () => {
      const url = new URL(await presign(get));
      expect(url.origin + url.pathname).toBe('http://localhost:9000/tarballs/a-1.tar.xz');
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': 'key/20260301/us-east-1/s3/aws4_request',
        'X-Amz-Date': '20260301T120000Z',
        'X-Amz-Expires': '900',
        'X-Amz-SignedHeaders': 'host',
      });
    });

    it('is accepted until it expires', async () => {
      expect(await verify(get)).toMatchObject({ ok: true });
      expect(await verify(get, { after: 899_999 })).toMatchObject({ ok: true });
      expect(await verify(get, { after: 900_000 })).toMatchObject({ ok: false });
    });

    it('is for its method and its key alone', async () => {
      expect(await verify(get, { method: 'HEAD' })).toMatchObject({ ok: false, code: 'SignatureDoesNotMatch' });
      const url = (await presign(get)).replace('a-1', 'a-2');
      expect(await verify(get, { url })).toMatchObject({ ok: false, code: 'SignatureDoesNotMatch' });
    });

    it('binds the headers that it was made with', async () => {
      const put: ToPresign = {
        method: 'PUT',
        key: 'a-1.tar.xz',
        expiresInSeconds: 3_600,
        query: { partNumber: '1', uploadId: '~up/load+1=' },
        headers: { 'content-length': '7', 'x-amz-checksum-sha256': 'abc=' },
      };
      expect(await verify(put)).toMatchObject({
        ok: true,
        signedHeaders: ['content-length', 'host', 'x-amz-checksum-sha256'],
      });
      expect(await verify(put, { headers: { 'content-length': '8' } })).toMatchObject({ ok: false });
      expect(await verify(put, { headers: { 'x-amz-checksum-sha256': 'abd=' } })).toMatchObject({ ok: false });
      expect(new URL(await presign(put)).searchParams.get('uploadId')).toBe('~up/load+1=');
    });

    it('writes a plus as %2B in path and query, and keeps the slashes of a key', async () => {
      const url = await presign({ ...get, key: "uploads/a+b (1)!*'.json", query: { a: 'b+c d' } });
      expect(url).toContain('/tarballs/uploads/a%2Bb%20%281%29%21%2A%27.json?');
      expect(url).toContain('a=b%2Bc%20d');
      expect(url).not.toContain('+');
    });

    it('is accepted whatever the key and the query hold', async () => {
      const text = anyText(12);
      await fc.assert(
        fc.asyncProperty(text, text, async (name, uploadId) => {
          fc.pre(name.isWellFormed() && uploadId.isWellFormed() && !/^\.+$/.test(name) && !name.includes('/'));
          expect(await verify({ ...get, key: `k${name}`, query: { uploadId } })).toMatchObject({ ok: true });
        }),
        { seed: 21, numRuns: 60 },
      );
    });

    it('is the URL that getSignedUrl gives for an S3Client', async () => {
      const client = new S3Client({
        credentials,
        region: 'us-east-1',
        endpoint: 'http://localhost:9000',
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_REQUIRED',
      });
      const command = new GetObjectCommand({ Bucket: 'tarballs', Key: 'a+1.tar.xz' });
      const expected = new URL(await getSignedUrl(client, command, { expiresIn: 900, signingDate: new Date(time) }));
      const query = { 'x-amz-checksum-mode': 'ENABLED', 'x-id': 'GetObject' };
      const url = new URL(await presign({ ...get, key: 'a+1.tar.xz', query }));
      expect(url.pathname).toBe(expected.pathname);
      expect(Object.fromEntries(url.searchParams)).toEqual(Object.fromEntries(expected.searchParams));
    });

    it('carries the session token of temporary credentials, and no port where there is none', async () => {
      const temporary = createPresign(
        locateBucket({ bucket: 'tarballs', region: 'eu-central-1' }),
        fixedKeys({ ...credentials, sessionToken: 'to+ken/=' }),
        () => time,
      );
      const url = await temporary(get);
      expect(url).toMatch(/^https:\/\/tarballs\.s3\.eu-central-1\.amazonaws\.com\/a-1\.tar\.xz\?/);
      expect(url).toContain('X-Amz-Security-Token=to%2Bken%2F%3D');
    });
  });
});

describe('the Sha256 that signers are given', () => {
  const hex = async (hash: Sha256) => Buffer.from(await hash.digest()).toString('hex');
  const bytes = (text: string) => new TextEncoder().encode(text);

  it.each([
    ['a text', 'abc'],
    ['bytes', bytes('abc')],
    ['an array buffer', bytes('abc').buffer],
    ['a view', new DataView(bytes('abc').buffer)],
  ])('hashes %s (FIPS 180-4)', async (_, data) => {
    const hash = new Sha256();
    hash.update(data as Uint8Array);
    expect(await hex(hash)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('is HMAC where it has a secret (RFC 4231, test case 2)', async () => {
    const hash = new Sha256('Jefe');
    hash.update('what do ya want ');
    hash.update('for nothing?');
    expect(await hex(hash)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('begins again after reset, with the same secret', async () => {
    const hash = new Sha256(bytes('Jefe'));
    hash.update('something else');
    hash.reset();
    hash.update('what do ya want for nothing?');
    expect(await hex(hash)).toMatch(/^5bdcc146/);
  });
});
