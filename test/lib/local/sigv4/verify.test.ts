import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';
import { type SignedRequest, verifySignature } from '../../../../lib/local/sigv4/verify.ts';
import { signer } from '../../../support/signer.ts';

const now = new Date('2026-03-01T12:00:00Z');
const rules = (service: string) => ({
  service,
  region: 'us-east-1',
  credentials: (id: string) => (id === 'key' ? 'secret' : undefined),
  now,
});

interface Parts {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function signedRequest(path: string, query: object, headers: object, method: string, hash: string): SignedRequest {
  const rawQuery = Object.entries(query)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');
  return { method, rawPath: path, rawQuery, headers: headerValues(Object.entries(headers).flat()), payloadHash: hash };
}

const unsigned = ({ method, path, query = {}, headers = {} }: Parts) => ({
  method,
  protocol: 'http:',
  hostname: 'localhost',
  path,
  query,
  headers: { host: 'localhost', ...headers },
});

async function byHeader(service: string, parts: Parts) {
  const { method, path, query = {}, body = '' } = parts;
  const signed = await signer(service).sign({ ...unsigned(parts), body }, { signingDate: now });
  return signedRequest(path, query, signed.headers, method, sha256(body));
}

async function presigned(parts: Parts, expiresIn = 900) {
  const unhoistableHeaders = new Set(Object.keys(parts.headers ?? {}));
  const options = { signingDate: now, expiresIn, unhoistableHeaders, unsignableHeaders: new Set<string>() };
  const headers = { ...parts.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const signed = await signer('s3').presign(unsigned({ ...parts, headers }), options);
  const { 'x-amz-content-sha256': _, ...sent } = signed.headers;
  return signedRequest(parts.path, signed.query ?? {}, sent, parts.method, 'UNSIGNED-PAYLOAD');
}

const withHeaders = (request: SignedRequest, change: Readonly<Record<string, string | undefined>>): SignedRequest => {
  const headers = new Map(request.headers);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, [value]);
  }
  return { ...request, headers };
};

describe('verifySignature', () => {
  it.each([
    ['s3', { method: 'GET', path: '/bucket/key' }],
    [
      's3',
      {
        method: 'GET',
        path: '/bucket/a%20b/c%2Bd//e/../%C3%A9',
        query: { prefix: 'a b+c/é', 'list-type': '2', a: '', 'a-b': '1' },
      },
    ],
    ['s3', { method: 'PUT', path: '/bucket/key', body: 'hello', headers: { 'x-amz-meta-a': '  two   blanks ' } }],
    ['execute-api', { method: 'POST', path: '/publish/channels/a%2Bb%20c/uploads', body: '{}' }],
    ['execute-api', { method: 'GET', path: '/', query: { after: '7' } }],
    ['execute-api', { method: 'GET', path: '/publish//catalog/' }],
  ] as const)('accepts a request that the SDK signed for %s: %j', async (service, parts) => {
    expect(verifySignature(await byHeader(service, parts), rules(service))).toMatchObject({
      ok: true,
      mechanism: 'header',
    });
  });

  it('accepts a presigned request with a signed header', async () => {
    const request = await presigned({ method: 'PUT', path: '/b/k', headers: { 'x-amz-checksum-sha256': 'abc=' } });
    expect(verifySignature(request, rules('s3'))).toMatchObject({
      ok: true,
      mechanism: 'query',
      signedHeaders: ['host', 'x-amz-checksum-sha256'],
    });
  });
});

describe('verifySignature of a request signed in its headers', () => {
  const parts = {
    method: 'PUT',
    path: '/bucket/key',
    query: { partNumber: '1' },
    body: 'hello',
    headers: { 'x-amz-meta-a': '1' },
  };
  const flipped = (text: string) => text.replace(/.$/, (last) => (last === '0' ? '1' : '0'));

  it.each<[string, (request: SignedRequest) => SignedRequest, string]>([
    ['method', (r) => ({ ...r, method: 'GET' }), 'SignatureDoesNotMatch'],
    ['path', (r) => ({ ...r, rawPath: '/bucket/other' }), 'SignatureDoesNotMatch'],
    ['query value', (r) => ({ ...r, rawQuery: 'partNumber=2' }), 'SignatureDoesNotMatch'],
    ['added query', (r) => ({ ...r, rawQuery: `${r.rawQuery}&acl` }), 'SignatureDoesNotMatch'],
    ['dropped query', (r) => ({ ...r, rawQuery: '' }), 'SignatureDoesNotMatch'],
    ['body', (r) => ({ ...r, payloadHash: sha256('other') }), 'SignatureDoesNotMatch'],
    ['signed header', (r) => withHeaders(r, { 'x-amz-meta-a': '2' }), 'SignatureDoesNotMatch'],
    ['dropped signed header', (r) => withHeaders(r, { 'x-amz-meta-a': undefined }), 'SignatureDoesNotMatch'],
    ['host', (r) => withHeaders(r, { host: 'elsewhere' }), 'SignatureDoesNotMatch'],
    ['x-amz-* header that is not signed', (r) => withHeaders(r, { 'x-amz-acl': 'public-read' }), 'AccessDenied'],
    ['date within the skew', (r) => withHeaders(r, { 'x-amz-date': '20260301T120001Z' }), 'SignatureDoesNotMatch'],
    ['no date', (r) => withHeaders(r, { 'x-amz-date': undefined }), 'AccessDenied'],
    ['no authorization', (r) => withHeaders(r, { authorization: undefined }), 'AccessDenied'],
    ['session token', (r) => withHeaders(r, { 'x-amz-security-token': 'x' }), 'InvalidToken'],
    ['signature', (r) => change(r, /Signature=\w+/, flipped), 'SignatureDoesNotMatch'],
    ['truncated signature', (r) => change(r, /Signature=\w+/, (s) => s.slice(0, -1)), 'SignatureDoesNotMatch'],
    ['empty signature', (r) => change(r, /Signature=\w+/, () => 'Signature='), 'AuthorizationHeaderMalformed'],
    ['access key', (r) => change(r, /Credential=key/, () => 'Credential=other'), 'InvalidAccessKeyId'],
    ['region', (r) => change(r, /us-east-1/, () => 'eu-west-1'), 'AuthorizationHeaderMalformed'],
    ['service', (r) => change(r, /\/s3\//, () => '/execute-api/'), 'AuthorizationHeaderMalformed'],
    ['day', (r) => change(r, /20260301/, () => '20260302'), 'AuthorizationHeaderMalformed'],
    ['host left unsigned', (r) => change(r, /host;/, () => ''), 'AccessDenied'],
    ['second Signature', (r) => change(r, /$/, () => ',Signature=x'), 'AuthorizationHeaderMalformed'],
    ['Signature Version 2', (r) => withHeaders(r, { authorization: 'AWS key:sig' }), 'InvalidRequest'],
    ['Basic', (r) => withHeaders(r, { authorization: 'Basic a2V5' }), 'InvalidArgument'],
  ])('refuses a changed request: %s', async (_, tamper, code) => {
    expect(verifySignature(tamper(await byHeader('s3', parts)), rules('s3'))).toMatchObject({ ok: false, code });
  });

  function change(request: SignedRequest, pattern: RegExp, by: (found: string) => string): SignedRequest {
    return withHeaders(request, { authorization: request.headers.get('authorization')?.[0]?.replace(pattern, by) });
  }

  it.each([
    [15 * 60, true],
    [-15 * 60, true],
    [15 * 60 + 1, false],
    [-15 * 60 - 1, false],
  ])('with clocks that differ by %d seconds accepts the request: %s', async (seconds, ok) => {
    const later = { ...rules('s3'), now: new Date(now.getTime() + seconds * 1000) };
    expect(verifySignature(await byHeader('s3', parts), later)).toMatchObject(
      ok ? { ok } : { code: 'RequestTimeTooSkewed' },
    );
  });
});

describe('verifySignature of a presigned request', () => {
  const parts = { method: 'PUT', path: '/b/k', headers: { 'x-amz-checksum-sha256': 'abc=' } };
  const query = (pattern: RegExp, by: string) => (r: SignedRequest) => ({
    ...r,
    rawQuery: r.rawQuery.replace(pattern, by),
  });

  it.each<[string, (request: SignedRequest) => SignedRequest, string]>([
    ['method', (r) => ({ ...r, method: 'GET' }), 'SignatureDoesNotMatch'],
    ['key', (r) => ({ ...r, rawPath: '/b/other' }), 'SignatureDoesNotMatch'],
    ['bound header', (r) => withHeaders(r, { 'x-amz-checksum-sha256': 'xyz=' }), 'SignatureDoesNotMatch'],
    ['no bound header', (r) => withHeaders(r, { 'x-amz-checksum-sha256': undefined }), 'SignatureDoesNotMatch'],
    ['added override', query(/$/, '&response-content-type=text%2Fhtml'), 'SignatureDoesNotMatch'],
    ['longer expiry', query(/Expires=900/, 'Expires=9000'), 'SignatureDoesNotMatch'],
    ['expiry beyond a week', query(/Expires=900/, 'Expires=604801'), 'AuthorizationQueryParametersError'],
    ['expiry zero', query(/Expires=900/, 'Expires=0'), 'AuthorizationQueryParametersError'],
    ['negative expiry', query(/Expires=900/, 'Expires=-5'), 'AuthorizationQueryParametersError'],
    ['second expiry', query(/$/, '&X-Amz-Expires=9000'), 'AuthorizationQueryParametersError'],
    ['no signature', query(/&X-Amz-Signature=\w+/, ''), 'AuthorizationQueryParametersError'],
    ['other algorithm', query(/AWS4-HMAC-SHA256/, 'AWS4-ECDSA-P256-SHA256'), 'AuthorizationQueryParametersError'],
    ['Authorization as well', (r) => withHeaders(r, { authorization: 'Basic a2V5' }), 'InvalidArgument'],
    ['x-amz-* header that is not signed', (r) => withHeaders(r, { 'x-amz-meta-a': '1' }), 'AccessDenied'],
  ])('refuses a changed request: %s', async (_, tamper, code) => {
    expect(verifySignature(tamper(await presigned(parts)), rules('s3'))).toMatchObject({ ok: false, code });
  });
});

describe('verifySignature of arbitrary input', () => {
  const claims = fc.constantFrom(
    'Credential=',
    'key/20260301/us-east-1/s3/aws4_request',
    ',',
    'SignedHeaders=host',
    'Signature=0',
    'AWS4-HMAC-SHA256 ',
    '=',
    ' ',
  );
  const mess = fc.array(fc.oneof(claims, fc.string()), { maxLength: 8 }).map((pieces) => pieces.join(''));
  const names = fc.constantFrom(
    'authorization',
    'host',
    'x-amz-date',
    'date',
    'x-amz-meta-a',
    '__proto__',
    'constructor',
  );
  const parameters = fc.constantFrom(
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-SignedHeaders',
    'X-Amz-Signature',
    '%',
    '__proto__',
  );

  it('refuses it and never throws', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.array(fc.tuple(parameters, mess)),
        fc.array(fc.tuple(fc.oneof(names, fc.string()), mess)),
        fc.constantFrom('s3', 'execute-api'),
        (method, rawPath, query, headers, service) => {
          const rawQuery = query.map((pair) => pair.join('=')).join('&');
          const request = { method, rawPath, rawQuery, headers: headerValues(headers.flat()), payloadHash: '' };
          expect(verifySignature(request, rules(service)).ok).toBe(false);
        },
      ),
    );
  });
});
