import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deleteObject, parseVersions } from '../../../../lib/client/api/delete-object.ts';
import type { Exchange, ExchangeResult } from '../../../../lib/client/api/http.ts';
import { anyText } from '../../../support/any-text.ts';

const address = { bucket: 'the-bucket', region: 'eu-central-1', key: 'demo-1+a.tar.xz' };
const entry = (kind: string, key: string, id: string): string =>
  `<${kind}><Key>${encodeURIComponent(key)}</Key><VersionId>${id}</VersionId><IsLatest>false</IsLatest></${kind}>`;
const listing = (...entries: readonly string[]): string =>
  `<ListVersionsResult><IsTruncated>false</IsTruncated>${entries.join('')}</ListVersionsResult>`;
const ok = (body = ''): ExchangeResult => ({ status: 200, body });
const denied = (message: string): ExchangeResult => ({
  status: 403,
  body: `<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`,
});

function store(answer: (method: string, query: URLSearchParams, path: string) => ExchangeResult) {
  const asked: string[] = [];
  const send = async ({ method, url, headers }: Exchange): Promise<ExchangeResult> => {
    expect(headers.authorization).toMatch(/Credential=key\/\d+\/eu-central-1\/s3\//);
    asked.push(`${method} ${url.origin}${url.pathname}${url.search}`);
    return answer(method, url.searchParams, url.pathname);
  };
  const credentials = async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' });
  return { asked, run: () => deleteObject(address, { send, credentials, sleep: async () => {} }) };
}

const origin = 'https://the-bucket.s3.eu-central-1.amazonaws.com';

describe('deleting an object', () => {
  it('deletes every version of exactly this key, those with data first', async () => {
    const { asked, run } = store((method) =>
      method === 'DELETE'
        ? { status: 204, body: '' }
        : ok(
            listing(
              entry('DeleteMarker', address.key, 'm1'),
              entry('Version', address.key, 'v2'),
              entry('Version', address.key, 'v1'),
              entry('Version', `${address.key}.json`, 'other'),
            ),
          ),
    );
    expect(await run()).toEqual({ deleted: 2, kept: [] });
    expect(asked).toEqual([
      `GET ${origin}/?versions=&prefix=demo-1%2Ba.tar.xz&encoding-type=url`,
      ...['v2', 'v1', 'm1'].map((id) => `DELETE ${origin}/demo-1%2Ba.tar.xz?versionId=${id}`),
    ]);
  });

  it('reads further pages as long as they may have this key', async () => {
    const next = (key: string): string =>
      `<IsTruncated>true</IsTruncated><NextKeyMarker>${encodeURIComponent(key)}</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>`;
    const { asked, run } = store((method, query) => {
      if (method === 'DELETE') return { status: 204, body: '' };
      return query.has('key-marker')
        ? ok(`<R>${next('demo-2')}${entry('Version', address.key, 'v0')}</R>`)
        : ok(`<R>${next(address.key)}${entry('Version', address.key, 'v1')}</R>`);
    });
    expect(await run()).toEqual({ deleted: 2, kept: [] });
    expect(asked[1]).toContain('key-marker=demo-1%2Ba.tar.xz&version-id-marker=v1');
    expect(asked).toHaveLength(4);
  });

  it.each([400, 405, 501])('deletes the key itself in a store without versions, which says %i', async (status) => {
    const { asked, run } = store((method) => (method === 'GET' ? { status, body: '' } : { status: 204, body: '' }));
    expect(await run()).toEqual({ deleted: 1, kept: [] });
    expect(asked.at(-1)).toBe(`DELETE ${origin}/demo-1%2Ba.tar.xz`);
  });

  it.each([
    [
      'a lock with its end',
      'retention',
      '<Retention><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>',
      { why: 'locked', until: '2030-01-01T00:00:00Z' },
    ],
    ['a legal hold', 'legal-hold', '<LegalHold><Status>ON</Status></LegalHold>', { why: 'locked' }],
    ['no right', 'none', '', { why: 'denied' }],
  ])('says of a version that stays: %s', async (_, parameter, body, kept) => {
    const { asked, run } = store((method, query) => {
      if (method === 'DELETE') return denied('Access Denied &amp; more');
      if (query.has('versions'))
        return ok(listing(entry('Version', address.key, 'v1'), entry('DeleteMarker', address.key, 'm')));
      return query.has(parameter) ? ok(body) : denied('no');
    });
    expect(await run()).toEqual({
      deleted: 0,
      kept: [{ version: 'v1', message: 'Access Denied & more (403)', ...kept }],
    });
    expect(asked.some((one) => one.includes('versionId=m'))).toBe(false);
  });

  it('says what to do where the versions cannot be listed', async () => {
    const { run } = store(() => denied('not yours'));
    await expect(run()).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(/not yours \(403\).*still in the bucket.*--role/),
    });
  });

  it('tries again after a failure of the store, and says so in the end', async () => {
    let failures = 3;
    const { run } = store((method) => {
      failures -= 1;
      if (failures >= 0) return { status: 503, body: '' };
      return method === 'GET' ? ok(listing(entry('Version', address.key, 'v1'))) : { status: 204, body: '' };
    });
    expect(await run()).toEqual({ deleted: 1, kept: [] });
    const { run: broken } = store(() => ({ status: 500, body: '' }));
    await expect(broken()).rejects.toMatchObject({ status: 503 });
  });
});

describe('any answer to a listing of versions', () => {
  it('gives only versions of the key that was asked for', () => {
    const key = fc
      .oneof(anyText(10), fc.constantFrom('a', 'a&b', 'a+b', '<Key>'))
      .filter((text) => text.isWellFormed());
    const entries = fc.array(
      fc.tuple(fc.constantFrom('Version', 'DeleteMarker'), key, fc.stringMatching(/^[\w.-]{1,9}$/)),
    );
    fc.assert(
      fc.property(key, entries, (wanted, all) => {
        const { versions } = parseVersions(listing(...all.map(([kind, one, id]) => entry(kind, one, id))), wanted);
        expect(versions).toEqual(
          all.filter(([, one]) => one === wanted).map(([kind, , id]) => ({ id, isMarker: kind === 'DeleteMarker' })),
        );
      }),
    );
    fc.assert(fc.property(anyText(), (text) => expect(parseVersions(text, 'a').versions).toEqual([])));
  });
});
