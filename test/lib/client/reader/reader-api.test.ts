import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ExchangeResult, maxTries, pages, type Send } from '../../../../lib/client/api/http.ts';
import { isChannelDocument, isIndexDocument } from '../../../../lib/client/reader/documents.ts';
import { ReaderApi, readerCredentials } from '../../../../lib/client/reader/reader-api.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const base = 'https://nix.example.org';
const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain; charset=utf-8' };
const index = { access: 'open', channels: [] };
const channel = { channel: 'demo', state: 'served', extension: '.tar.xz', latest: null, releases: [], history: [] };

type Answer = Partial<ExchangeResult> | Error;

/** A service that gives these answers in turn, and the last one again and again. */
function apiOf(answers: readonly Answer[], { environment = {}, authorization = undefined as string | undefined } = {}) {
  const paths: string[] = [];
  const notes: string[] = [];
  const { sleep, now } = new FakeClock();
  const send: Send = async ({ url }) => {
    const answer = answers[Math.min(paths.length, answers.length - 1)] as Answer;
    paths.push(url.pathname + url.search);
    if (answer instanceof Error) throw answer;
    return { status: 200, body: '', headers: json, ...answer };
  };
  const credentials = { netrcPath: '/etc/nix/netrc', authorization };
  const note = (sentence: string): void => void notes.push(sentence);
  return { api: new ReaderApi({ base, credentials, send, environment, sleep, now, note }), paths, notes };
}

const failed = (code: string): Error => Object.assign(new Error('it failed'), { code });
const messageOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error & { status: number }) => `${error.status} ${error.message}`,
  );

describe('the pages of a document', () => {
  const read = async (answers: readonly string[]): Promise<number> => {
    const { api } = apiOf(answers.map((next) => ({ body: JSON.stringify({ ...index, next: next || undefined }) })));
    let count = 0;
    for await (const _ of pages((after?: string) => api.index(after))) count += 1;
    return count;
  };

  it('end where there is no next one', async () => {
    expect(await read(['a', 'b', ''])).toBe(3);
  });

  it('are not read for ever where a proxy ignores which one is asked for', async () => {
    expect(await messageOf(read(['a']))).toMatch(/^502 The service answers with the same page again: check whether/);
    expect(await messageOf(read(['a', 'b', 'a']))).toMatch(/^502 /);
  });
});

describe("a service's list of channels", () => {
  it.each<[string, Answer, RegExp]>([
    [
      'a page of HTML',
      { body: '<!doctype html><p>Log in', headers: { 'content-type': 'text/html' } },
      /^404 .* answers with text\/html instead of JSON: check the URL, and whether a proxy/,
    ],
    ['a page that says it is JSON', { body: '<html>' }, /^502 .* answers with damaged JSON\.$/],
    ['JSON that is cut off', { body: '{"access": "open", ' }, /^502 .* answers with damaged JSON\.$/],
    ['JSON of another kind', { body: '[]' }, /^404 .*\/index\.json is not the list of a channel service: check/],
    ['17 MiB', { body: 'x'.repeat(17 * 1024 ** 2) }, /^502 .* answers with more than 16 MiB/],
    ['nothing at this address', { status: 404, body: '{"message":"Not Found"}' }, /^404 .*s3-nix-channel\. Check the/],
    [
      'a redirect to another host',
      { status: 301, headers: { location: 'https://other.test/nix/index.json' } },
      /^400 https:\/\/nix\.example\.org redirects to https:\/\/other\.test\/nix\/index\.json: use https:\/\/other\.test\/nix instead of https:\/\/nix\.example\.org\.$/,
    ],
    ['a redirect to elsewhere', { status: 302, headers: { location: '/login' } }, /redirects to .*\/login: check the/],
    ['a redirect without an address', { status: 307 }, /redirects to nowhere: check the URL/],
    [
      '403 from a firewall',
      { status: 403, body: '<p>no' },
      /^403 https:\/\/nix\.example\.org refuses the request \(403\)/,
    ],
    ['431', { status: 431, body: 'too long', headers: text }, /^431 .* refuses the request \(431\): too long$/],
  ])('is asked for once where the answer is %s', async (_, answer, message) => {
    const { api, paths } = apiOf([answer]);
    expect(await messageOf(api.index())).toMatch(message);
    expect(paths).toEqual(['/index.json']);
  });

  it.each<[string, Answer, RegExp]>([
    [
      '503',
      { status: 503, body: 'It starts.', headers: text },
      /^503 .* answered 503: It starts\. Run the same command/,
    ],
    ['502 with a page', { status: 502, body: '<html>' }, /^503 .* answered 502\. Run the same command again later\.$/],
    ['429', { status: 429 }, /^503 .* answered 429\. Run the same command again later\.$/],
    ['a closed port', failed('ECONNREFUSED'), /^503 .* cannot be reached \(ECONNREFUSED\)\. Nothing listens there/],
    ['silence', new Error('no data for 15 s'), /^503 .* cannot be reached \(no data for 15 s\)\. Check the network/],
  ])('is asked for again and again where the answer is %s', async (_, answer, message) => {
    const { api, paths, notes } = apiOf([answer]);
    expect(await messageOf(api.index())).toMatch(message);
    expect(paths).toHaveLength(maxTries);
    expect(notes.length).toBeGreaterThan(0);
  });

  it('is read after a transient failure', async () => {
    const { api } = apiOf([failed('ECONNRESET'), { status: 503 }, { body: JSON.stringify(index) }]);
    expect(await api.index()).toEqual(index);
  });

  it.each(['ENOTFOUND', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])(
    'is not asked for again after %s, which another try would meet as well',
    async (code) => {
      const { api, paths } = apiOf([failed(code)]);
      expect(await messageOf(api.index())).toContain(`cannot be reached (${code}).`);
      expect(paths).toHaveLength(1);
    },
  );

  it('names the proxy that Nix would use', async () => {
    const { api } = apiOf([failed('ECONNREFUSED')], { environment: { https_proxy: 'http://proxy' } });
    expect(await messageOf(api.index())).toContain('does not use the proxy that https_proxy names, and Nix does');
  });

  it('is not sent a token by a redirect', async () => {
    const { api } = apiOf([{ status: 301, headers: { location: 'https://x.test/index.json' } }], {
      authorization: 'Basic x',
    });
    expect(await messageOf(api.index())).toContain('and a token is not sent on: use https://x.test instead of');
  });
});

describe("a channel's page", () => {
  it('is asked for by a name that is encoded, and a cursor', async () => {
    const { api, paths } = apiOf([{ body: JSON.stringify(channel) }]);
    expect(await api.channel('a+b', 'x&y')).toEqual(channel);
    expect(paths).toEqual(['/channel/a%2Bb.json?after=x%26y']);
  });

  it('is not there in a service that has the others', async () => {
    const sentence = 'There is no channel "demo".';
    const { api } = apiOf([{ status: 404, body: sentence, headers: text }, { body: JSON.stringify(index) }]);
    expect(await messageOf(api.channel('demo'))).toBe(`404 ${sentence}`);
  });

  it('is not there in a service that has no such pages, and this is said', async () => {
    const { api, paths } = apiOf([{ status: 404, body: 'There is no channel "demo.json".', headers: text }]);
    expect(await messageOf(api.channel('demo'))).toMatch(/^404 .* has no list of channels \(\/index\.json\)/);
    expect(paths).toEqual(['/channel/demo.json', '/index.json']);
  });

  it('needs another token, also where the service does not say why', async () => {
    const { api } = apiOf([{ status: 401, body: '{"message":"Unauthorized"}' }], { authorization: 'Basic x' });
    expect(await messageOf(api.channel('demo'))).toBe(
      `401 ${base} refuses the token that /etc/nix/netrc has for nix.example.org (401). To save another one: channelctl login ${base}`,
    );
  });

  it('was removed', async () => {
    const { api } = apiOf([{ status: 410, body: 'The channel was removed.', headers: text }]);
    expect(await messageOf(api.channel('demo'))).toBe('410 The channel was removed.');
  });

  it('must have the form of one, whatever is sent', () => {
    expect(isChannelDocument(channel)).toBe(true);
    expect(isIndexDocument(index)).toBe(true);
    const wrong: readonly object[] = [
      { releases: undefined },
      { releases: [{}] },
      { releases: [{ release: 1 }] },
      { releases: [{ release: 'x', size: '4' }] },
      { releases: [{ release: 'x', yanked: 'yes' }] },
      { releases: [{ release: 'x', retired: { reason: {} } }] },
      { latest: undefined },
      { latest: { release: {} } },
      { history: [{ action: 'publish' }] },
      { history: [{ action: 'publish', at: '', from: [] }] },
      { snippets: [{ use: 'curl' }] },
      { channel: ['demo'] },
      { homepage: {} },
      { aliases: ['a', 1] },
      { next: 5 },
    ];
    for (const fields of wrong) expect([fields, isChannelDocument({ ...channel, ...fields })]).toEqual([fields, false]);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(isChannelDocument(value)).toBe(false);
        expect(isIndexDocument(value)).toBe(false);
      }),
    );
  });

  it('may have fields that this version does not know', () => {
    expect(isChannelDocument({ ...channel, later: [1], releases: [{ release: 'x', more: {} }] })).toBe(true);
  });
});

describe('the credentials of a reader', () => {
  const of = (netrc: string) => readerCredentials(`${base}:8443/nix`, { NIX_CONF_DIR: '/nowhere' }, netrc);

  it.each([
    ['its entry', 'machine nix.example.org login a password b', 'a:b'],
    ['"default", as curl does', 'default login a password b', 'a:b'],
    ['an entry without a login', 'machine nix.example.org password b', ':b'],
  ])('are those of %s', async (_, content, pair) => {
    const path = directory.file('netrc', content);
    expect(await of(path)).toEqual({
      netrcPath: path,
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    });
  });

  it.each([
    ['another host', 'machine other.test login a password b'],
    ['a password that curl drops', `machine nix.example.org password ${'x'.repeat(4_096)}`],
    ['an empty file', ''],
  ])('are none in a file with %s', async (_, content) => {
    expect((await of(directory.file('netrc', content))).authorization).toBeUndefined();
  });

  it('are none where there is no file', async () => {
    expect(await of('/nowhere/netrc')).toEqual({ netrcPath: '/nowhere/netrc', authorization: undefined });
  });
});
