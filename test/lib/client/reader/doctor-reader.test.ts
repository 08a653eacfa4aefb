import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Exchange, type ExchangeResult, type Send, send } from '../../../../lib/client/api/http.ts';
import { type ReaderFinding, readerFinding, readerKinds } from '../../../../lib/client/reader/reader-finding.ts';
import { newKeyPair, readPrivateKey, signToken } from '../../../../lib/client/token/keys.ts';
import { startS3OverTls } from '../../../bench/cold/s3-over-tls.ts';
import { localhostCertificate } from '../../../support/localhost-tls.ts';
import { type RunOptions, runCommand } from '../../../support/run-command.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const base = 'https://nix.test';
const channel = `${base}/channel/demo.tar.xz`;
const permanent = `${base}/permanent/demo-1.tar.xz`;
const presigned = 'https://bucket.test/demo-1.tar.xz?X-Amz-Signature=x';
const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
const start = Date.parse(date) / 1_000;
const plain = { 'content-type': 'text/plain; charset=utf-8', date };
const link = `<${permanent}?rev=0123>; rel="immutable"`;

type Answers = Readonly<Record<string, Partial<ExchangeResult> | Error>>;

/** A service that is sound. */
const sound: Answers = {
  [`GET ${channel}`]: { status: 307, headers: { date, link, location: permanent } },
  [`HEAD ${permanent}`]: { status: 200, headers: { date } },
  [`GET ${permanent}`]: { status: 307, headers: { date, location: presigned } },
  [`GET ${presigned}`]: { status: 206, body: 'x', headers: { date } },
};

function service(changes: Answers) {
  const asked: Exchange[] = [];
  const send: Send = async (exchange) => {
    asked.push(exchange);
    const { origin, pathname, searchParams } = exchange.url;
    const found = { ...sound, ...changes }[`${exchange.method} ${exchange.url.href}`] ??
      { ...sound, ...changes }[`${exchange.method} ${origin}${pathname}`] ?? {
        status: 404,
        body: `There is nothing. ${searchParams}`,
        headers: plain,
      };
    if ('code' in found || found instanceof Error) throw found;
    return { status: 200, body: '', ...found };
  };
  return { asked, send };
}

interface Examined {
  readonly code: number;
  readonly kinds: readonly string[];
  readonly findings: readonly ReaderFinding[];
  readonly asked: readonly Exchange[];
  readonly out: string;
}

const { privatePem } = newKeyPair('es256');
const tokenOf = (more: object = {}) =>
  signToken({ sub: 'ci', jti: '1', iat: start, exp: start + 90 * 86_400, ...more }, readPrivateKey(privatePem, 'k'));
const netrcOf = (password: string) => `machine nix.test login token password ${password}\n`;

interface Situation extends RunOptions {
  readonly url?: string;
  readonly changes?: Answers;
  readonly netrc?: string;
  readonly lock?: object | string;
}

async function examine({ url = channel, changes = {}, netrc, lock, ...options }: Situation = {}): Promise<Examined> {
  const path = join(directory.path, netrc === undefined ? 'absent' : 'netrc');
  if (netrc !== undefined) writeFileSync(path, netrc, { mode: 0o600 });
  const { asked, send } = service(changes);
  const locks =
    lock === undefined
      ? []
      : ['--lock', directory.file('flake.lock', typeof lock === 'string' ? lock : JSON.stringify(lock))];
  const args = ['doctor', 'reader', url, '--netrc', path, '--json', ...locks];
  const { code, out, err } = await runCommand({ send, environment: { HOME: directory.path }, ...options }, ...args);
  if (code !== 0 && code !== 8) return { code, kinds: [], findings: [], asked, out: err };
  const { findings } = JSON.parse(out) as { findings: ReaderFinding[] };
  return { code, kinds: findings.map(({ kind }) => kind), findings, asked, out };
}

/** Of CloudFront. */
const signed = 'https://d123.cloudfront.net/demo-1.tar.xz?Expires=1&Signature=a&Key-Pair-Id=K1&Hash-Algorithm=SHA256';

const unauthorized = { status: 401, body: 'Reading this needs a token.', headers: plain };

const lockOf = (locked: string, original = channel) => ({
  nodes: {
    demo: { locked: { type: 'tarball', url: locked }, original: { type: 'tarball', url: original } },
    nixpkgs: { locked: { type: 'github', owner: 'NixOS' }, original: { id: 'nixpkgs', type: 'indirect' } },
    root: { inputs: {} },
  },
});

describe('channelctl doctor reader', () => {
  it('finds nothing where nothing is wrong, with and without a token', async () => {
    expect(await examine()).toMatchObject({ code: 0, kinds: [] });
    expect(await examine({ netrc: netrcOf(tokenOf()) })).toMatchObject({ code: 0, kinds: ['token-long'] });
    expect(await examine({ url: `${base}/` })).toMatchObject({ code: 0, kinds: [] });
    const locked = { lock: lockOf(`${permanent}?narHash=x`), netrc: netrcOf(tokenOf()) };
    expect(await examine(locked)).toMatchObject({ code: 0, kinds: ['token-long'] });
  });

  it('sends the token where Nix sends it, and never to the bucket', async () => {
    const token = tokenOf();
    const { asked, out } = await examine({ netrc: netrcOf(token) });
    const authorization = `Basic ${Buffer.from(`token:${token}`).toString('base64')}`;
    expect(asked.map(({ method, url, headers }) => [method, url.host, headers.authorization])).toEqual([
      ['GET', 'nix.test', authorization],
      ['HEAD', 'nix.test', authorization],
      ['GET', 'nix.test', authorization],
      ['GET', 'bucket.test', undefined],
    ]);
    expect(asked.at(-1)?.headers.range).toBe('bytes=0-0');
    expect(out).not.toContain(token.slice(-20));
  });

  it('sends what Nix sends by an entry without a password', async () => {
    const { asked, findings } = await examine({ netrc: 'machine nix.test login x\n' });
    expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('x:').toString('base64')}`);
    expect(findings[0]?.means).toBe('The entry of nix.test has no password, so an empty one is sent.');
  });

  it('says once that a default entry is sent to every host', async () => {
    const { kinds } = await examine({ url: base, netrc: `default login x password ${tokenOf()}` });
    expect(kinds).toEqual(['netrc-default', 'token-long']);
  });

  it.each(['default', 'machine d123.cloudfront.net'])(
    'finds nothing wrong with an entry "%s" where releases come from CloudFront, which ignores credentials',
    async (entry) => {
      const changes = {
        [`GET ${permanent}`]: { status: 307, headers: { date, location: signed } },
        [`GET ${signed}`]: { status: 206, body: 'x', headers: { date } },
      };
      const { kinds } = await examine({ netrc: `${netrcOf(tokenOf())}${entry} login x password y`, changes });
      expect(kinds).toEqual(['token-long']);
    },
  );

  it('sends a token that stands before the place where its netrc is damaged, and warns', async () => {
    const { asked, findings } = await examine({ netrc: `${netrcOf(tokenOf())}machine x login "y` });
    expect(asked[0]?.headers.authorization).toMatch(/^Basic /);
    expect(findings.map(({ kind, severity }) => [kind, severity])).toEqual([
      ['netrc-damaged', 'warning'],
      ['token-long', 'info'],
    ]);
    const before = await examine({ netrc: `machine x login "y\n${netrcOf(tokenOf())}` });
    expect(before.findings.map(({ kind, severity }) => [kind, severity])).toEqual([['netrc-damaged', 'error']]);
    expect(before.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('sends no password that Nix would drop', async () => {
    const { asked } = await examine({ netrc: netrcOf('x'.repeat(4_096)) });
    expect(asked.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  it('sends no token to another host that a Link names, whose netrc entry it is not', async () => {
    const evil = 'https://evil.test/permanent/demo-1.tar.xz';
    const { asked, kinds } = await examine({
      netrc: netrcOf(tokenOf()),
      changes: { [`GET ${channel}`]: { status: 307, headers: { date, link: `<${evil}>; rel="immutable"` } } },
    });
    expect(kinds).toEqual(expect.arrayContaining(['base-url', 'permanent-broken']));
    expect(asked.filter(({ url }) => url.host === 'evil.test').map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
  });

  const errorOf = (code: string) => Object.assign(new Error('failed'), { code });
  const at = (changes: Partial<ExchangeResult> | Error, key = `GET ${channel}`) => ({ changes: { [key]: changes } });
  const linked = (value: string) => at({ status: 307, headers: { date, link: value } });
  const dated = (seconds: number) =>
    at({ status: 307, headers: { link, date: new Date((start + seconds) * 1_000).toUTCString() } });

  it.each<[string, string, Situation]>([
    ['a name that DNS does not know', 'unreachable', at(errorOf('ENOTFOUND'))],
    ['a certificate for another name', 'unreachable', at(errorOf('ERR_TLS_CERT_ALTNAME_INVALID'))],
    ['a failure of any kind', 'unreachable', at(new Error('odd'))],
    [
      'another service',
      'other-service',
      at({ status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }, `GET ${base}/channel/-`),
    ],
    [
      'a gateway without the route',
      'other-service',
      at({ status: 404, body: '{}', headers: { 'content-type': 'application/json' } }),
    ],
    ['an address that leads on', 'moved', at({ status: 301, headers: { date, location: 'https://other.test/' } })],
    [
      'a portal that stands in for everything',
      'other-service',
      at({ status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }),
    ],
    [
      'an address that leads on to https',
      'moved',
      at({ status: 307, headers: { date, location: channel.replace('nix.test', 'www.nix.test') } }),
    ],
    ['a channel that is not there', 'not-found', at({ status: 404, body: 'There is no channel.', headers: plain })],
    ['a channel that was removed', 'not-found', at({ status: 410, body: 'It was removed.', headers: plain })],
    ['a service that is away', 'unavailable', at({ status: 503, body: 'try again', headers: plain })],
    [
      "a channel's page",
      'no-extension',
      {
        url: `${base}/channel/demo`,
        ...at({ status: 200, headers: { 'content-type': 'text/html' } }, `GET ${base}/channel/demo`),
      },
    ],
    ['a missing Link', 'link-missing', at({ status: 307, headers: { date, location: permanent } })],
    ['a Link with another parameter', 'link-form', linked(`${link}; foo`)],
    ['a Link with two blanks', 'link-form', linked(`<${permanent}>;  rel="immutable"`)],
    ['a Link beside another', 'link-form', linked(`${link}, ${link}`)],
    ['a relative Link', 'link-form', linked('</permanent/demo-1.tar.xz>; rel="immutable"')],
    ['a Link elsewhere', 'base-url', linked(`<https://other.test/permanent/demo-1.tar.xz>; rel="immutable"`)],
    ['a Link under another path', 'base-url', linked(`<${base}/x/permanent/demo-1.tar.xz>; rel="immutable"`)],
    ['a clock that is ahead', 'clock', dated(-70)],
    ['a clock that is behind', 'clock', dated(70)],
    ['a release that is not there', 'permanent-broken', at({ status: 404, headers: plain }, `HEAD ${permanent}`)],
    ['a release that leads nowhere', 'permanent-broken', at({ status: 307, headers: { date } }, `GET ${permanent}`)],
    ['a release without an answer', 'permanent-broken', at(errorOf('ECONNRESET'), `HEAD ${permanent}`)],
    [
      'a bucket that refuses',
      'bucket-broken',
      at({ status: 403, body: '<Code>AccessDenied</Code>' }, `GET ${presigned}`),
    ],
    ['a bucket out of reach', 'bucket-broken', at(errorOf('ETIMEDOUT'), `GET ${presigned}`)],
    ['a default entry alone', 'netrc-default', { netrc: `default login x password ${tokenOf()}` }],
    [
      'a default entry, which the bucket gets',
      'netrc-bucket',
      { netrc: `${netrcOf(tokenOf())}default login x password y` },
    ],
    ['an entry of the bucket', 'netrc-bucket', { netrc: 'machine bucket.test login x password y' }],
    ['a default entry with a login alone', 'netrc-bucket', { netrc: `${netrcOf(tokenOf())}default login anonymous` }],
    ['a login alone for the bucket', 'netrc-bucket', { netrc: 'machine bucket.test login x' }],
    [
      'a default entry where no bucket is seen',
      'netrc-default',
      { netrc: `${netrcOf(tokenOf())}default login x password y`, ...at(unauthorized) },
    ],
    [
      'a default entry where the whole service is meant',
      'netrc-default',
      { url: base, netrc: `${netrcOf(tokenOf())}default login x password y` },
    ],
    ['a netrc that is damaged after the entry', 'netrc-damaged', { netrc: `${netrcOf(tokenOf())}machine x login "y` }],
    ['an entry without a login', 'netrc-no-login', { netrc: `machine nix.test password ${tokenOf()}` }],
    ['an entry without a password', 'netrc-no-password', { netrc: 'machine nix.test login x' }],
    ['a damaged netrc', 'netrc-damaged', { netrc: 'machine nix.test login "x' }],
    ['a password that curl drops', 'token-dropped', { netrc: netrcOf('x'.repeat(4_096)) }],
    ['a password that is no token', 'token-form', { netrc: netrcOf('hunter2') }],
    ['a token that has expired', 'token-refused', { netrc: netrcOf(tokenOf({ exp: start - 1 })) }],
    ['a token that expires within a week', 'token-expires', { netrc: netrcOf(tokenOf({ exp: start + 6 * 86_400 })) }],
    ['a token that is not valid yet', 'token-refused', { netrc: netrcOf(tokenOf({ nbf: start + 60 })) }],
    ['a token without an expiry', 'token-refused', { netrc: netrcOf(tokenOf({ exp: undefined })) }],
    [
      'a token of other channels',
      'token-scope',
      { netrc: netrcOf(tokenOf({ channels: ['nixos-*', 'dem'] })), ...at({ status: 404, body: 'no', headers: plain }) },
    ],
    ['a lock of the channel itself', 'lock-floating', { lock: lockOf(channel) }],
    ['a lock of a presigned URL', 'lock-expiring', { lock: lockOf(presigned) }],
    ['a lock of a URL that is signed for CloudFront', 'lock-expiring', { lock: lockOf(signed) }],
    ['a lock of another address', 'lock-elsewhere', { lock: lockOf('https://old.test/permanent/demo-1.tar.xz') }],
    ['a lock with credentials', 'lock-credentials', { lock: lockOf(permanent.replace('//', '//u:secret@')) }],
    ['a lock of a release that is gone', 'permanent-broken', { lock: lockOf(`${base}/permanent/demo-0.tar.xz`) }],
    ['a lock of a channel that is gone', 'not-found', { lock: lockOf(permanent, `${base}/channel/old.tar.xz`) }],
  ])('finds %s: %s', async (_, kind, situation) => {
    const url = kind === 'other-service' && !(`GET ${channel}` in (situation.changes ?? {})) ? base : channel;
    const { code, kinds, findings, out } = await examine({ url, ...situation });
    expect([code, kinds.filter((each) => each !== 'token-long')]).toEqual([8, expect.arrayContaining([kind])]);
    for (const { means, fix } of findings)
      expect([means, fix]).toEqual([expect.stringMatching(/./), expect.stringMatching(/^[A-Zc].*[^ ]$/s)]);
    expect(out).not.toMatch(/secret|hunter2/);
  });

  it.each([
    ['demo', '.tar.zst', `<a href="/channel/demo.json">JSON</a> <pre>"${base}/channel/demo.tar.zst";</pre>`],
    ['image', '.iso', `<pre>nix-channel --add ${base}/channel/image.iso image</pre>`],
    ['nixos-25.05', '.tar.xz', `${base}/channel/nixos-25.05.tar.xz. More`],
  ])(
    'names the address of %s with its own extension, %s, where its page is asked for',
    async (name, extension, page) => {
      const url = `${base}/channel/${name}`;
      const headers = { 'content-type': 'text/html; charset=utf-8' };
      const { findings } = await examine({ url, ...at({ status: 200, body: page, headers }, `GET ${url}`) });
      expect(findings[0]).toMatchObject({
        kind: 'no-extension',
        fix: `Add the extension of its files: ${url}${extension}`,
      });
      const empty = await examine({ url, ...at({ status: 200, body: '', headers }, `GET ${url}`) });
      expect(empty.findings[0]?.fix).toBe(
        'Add the extension of its files. The page shows the whole URL when the channel has a release.',
      );
    },
  );

  it.each([
    ['nix (Nix) 2.8.0', '2.8.0'],
    ['nix (Nix) 2.16.3', '2.16.3'],
    ['nix (Nix) 1.11', '1.11'],
    ['nix (Nix) 2.17.0', undefined],
    ['nix (Nix) 2.34.8', undefined],
    ['nix (Nix) 2.31pre20250712_b1245123', undefined],
    ['nix (Lix, like Nix) 2.93.3', undefined],
    ['nix (Determinate Nix 3.8.5) 2.30.1', undefined],
    ['nix (Determinate Nix 3.0.0) 2.5.1', '2.5.1'],
    ['nix (Nix) 3.0.0', undefined],
    ['something else', undefined],
  ])('says whether the Nix that prints "%s" is too old to lock', async (printed, old) => {
    const bin = mkdtempSync(join(directory.path, 'bin-'));
    writeFileSync(join(bin, 'nix'), `#!/bin/sh\n[ "$*" = --version ] && echo '${printed}'\n`, { mode: 0o755 });
    const { findings } = await examine({ environment: { HOME: directory.path, PATH: bin } });
    expect(findings.map(({ kind, severity }) => [kind, severity])).toEqual(
      old === undefined ? [] : [['nix-old', 'error']],
    );
    if (old !== undefined)
      expect(findings[0]?.means).toMatch(`Nix ${old} on this machine is too old to lock a release`);
  });

  it.each([
    ['https_proxy', base, undefined, 'proxy'],
    ['HTTPS_PROXY', base, 'other.test', 'proxy'],
    ['all_proxy', base, undefined, 'proxy'],
    ['http_proxy', 'http://nix.test', undefined, 'proxy'],
    ['http_proxy', base, undefined, 'unreachable'],
    ['https_proxy', base, '*', 'unreachable'],
    ['https_proxy', base, 'x.test, .test', 'unreachable'],
    ['https_proxy', base, 'nix.test', 'unreachable'],
  ])('cannot tell where %s is set for %s but for %s: %s', async (name, url, direct, kind) => {
    const environment = { HOME: directory.path, [name]: 'http://proxy.test', no_proxy: direct };
    const { findings } = await examine({ url, environment, ...at(errorOf('ETIMEDOUT'), `GET ${url}/channel/-`) });
    expect(findings).toMatchObject([{ kind, severity: kind === 'proxy' ? 'warning' : 'error' }]);
    if (kind === 'proxy') expect(findings[0]?.means).toContain(`the proxy that ${name} names`);
  });

  it.each([
    ['ssl-cert-file', (path: string) => ({ NIX_CONFIG: `ssl-cert-file = ${path}` })],
    ['NIX_SSL_CERT_FILE', (path: string) => ({ NIX_SSL_CERT_FILE: path, SSL_CERT_FILE: '/nowhere' })],
    ['SSL_CERT_FILE', (path: string) => ({ SSL_CERT_FILE: path })],
  ])('trusts the certificates that %s names, beside others', async (_, settings) => {
    const pem = directory.file('ca.pem', 'a certificate');
    const { asked } = await examine({ environment: { HOME: directory.path, ...settings(pem) } });
    for (const { authorities = [] } of asked) {
      expect(authorities.at(-1)).toBe('a certificate');
      expect(authorities.length).toBeGreaterThan(1);
    }
    expect((await examine()).asked[0]?.authorities).toBeUndefined();
  });

  it('reaches a service whose certificate Nix is told to trust', async () => {
    const service = await startS3OverTls([]);
    try {
      const said = async (environment: object): Promise<string> => {
        const options = { send, environment: { HOME: directory.path, ...environment } };
        return (await runCommand(options, 'doctor', 'reader', service.endpoint, '--netrc', '/absent')).out;
      };
      expect(await said({})).toContain('(unreachable)');
      expect(await said({ SSL_CERT_FILE: localhostCertificate })).toContain('(other-service)');
    } finally {
      service.close();
    }
  });

  it.each<[string, Situation, readonly string[]]>([
    ['a token of this channel', { netrc: netrcOf(tokenOf({ channels: ['demo'] })) }, ['not-found']],
    ['a glob for this channel', { netrc: netrcOf(tokenOf({ channels: ['x', 'd*o'] })) }, ['not-found']],
    ['a token that names none', { netrc: netrcOf(tokenOf()) }, ['not-found']],
  ])('does not blame %s for a 404', async (_, situation, expected) => {
    const { kinds } = await examine({ ...situation, ...at({ status: 404, body: 'no', headers: plain }) });
    expect(kinds.filter((kind) => kind !== 'token-long')).toEqual(expected);
  });

  it.each([
    ['unavailable', { status: 503, body: 'try again', headers: plain }],
    ['other-service', { status: 404, body: '{}', headers: { 'content-type': 'application/json' } }],
  ])('does not blame the scope of a token for what is %s', async (kind, answer) => {
    const { kinds } = await examine({ netrc: netrcOf(tokenOf({ channels: ['other'] })), ...at(answer) });
    expect(kinds).toEqual([kind, 'token-long']);
  });

  it('says that a token is missing where one is asked for, with the sentence of the service', async () => {
    const { findings } = await examine(at(unauthorized));
    expect(findings.map(({ kind }) => kind)).toEqual(['refused', 'netrc-no-entry']);
    expect(findings[0]?.means).toBe('Reading this needs a token.');
    expect(findings.map(({ fix }) => fix)).toEqual([
      'See what is said of netrc.',
      `Ask the operator for a token: channelctl login ${base}`,
    ]);
  });

  it('says that another token is needed where one was sent and refused', async () => {
    const { findings } = await examine({ netrc: netrcOf(tokenOf()), ...at(unauthorized) });
    expect(findings.map(({ kind }) => kind)).toEqual(['refused', 'token-long']);
    expect(findings[0]?.fix).toBe(`Ask the operator for a new token: channelctl login ${base}`);
  });

  it.each(['machine x login "y', `machine x login "y\n${netrcOf(tokenOf())}`, 'machine nix.test login x'])(
    'gives no second reason for a 401 where the netrc file is not what it should be',
    async (netrc) => {
      const { kinds } = await examine({ netrc, ...at(unauthorized) });
      expect(kinds).toEqual(['refused', netrc.includes('"') ? 'netrc-damaged' : 'netrc-no-password']);
    },
  );

  it("explains what happens to the channels of a lock's inputs, and asks for each once", async () => {
    const old = `${base}/channel/old.tar.xz`;
    const input = { locked: { type: 'tarball', url: permanent }, original: { type: 'tarball', url: old } };
    const lock = { nodes: { one: input, two: input } };
    const without = await examine({ lock, ...at(unauthorized, `GET ${old}`) });
    expect(without.kinds).toEqual(['refused', 'netrc-no-entry']);
    expect(without.asked.filter(({ url }) => url.href === old)).toHaveLength(1);
    const other = await examine({ lock, netrc: netrcOf(tokenOf({ channels: ['demo'] })) });
    expect(other.kinds).toEqual(['not-found', 'token-scope', 'token-long']);
    expect(other.findings[1]?.means).toBe('The token opens demo, and old is none of them.');
  });

  it('warns of a bad token where the channel is served without', async () => {
    const expired = netrcOf(tokenOf({ exp: start - 1 }));
    const { findings } = await examine({ netrc: expired });
    expect(findings[0]).toMatchObject({ kind: 'token-refused', severity: 'warning' });
    const refused = await examine({ netrc: expired, ...at(unauthorized) });
    expect(refused.findings[1]).toMatchObject({ kind: 'token-refused', severity: 'error' });
  });

  it('asks nobody for another token where this one is not valid yet', async () => {
    const { findings } = await examine({ netrc: netrcOf(tokenOf({ nbf: start + 60 })), ...at(unauthorized) });
    expect(findings[1]).toMatchObject({ kind: 'token-refused', fix: expect.stringMatching(/^Wait until it is/) });
  });

  it('says that the entry stands in a file that Nix does not read', async () => {
    writeFileSync(join(directory.path, '.netrc'), netrcOf(tokenOf()));
    const { kinds, findings } = await examine(at(unauthorized));
    expect(kinds).toEqual(['refused', 'netrc-unread']);
    expect(findings[1]?.fix).toBe(`Put into nix.conf: netrc-file = ${join(directory.path, '.netrc')}`);
    writeFileSync(join(directory.path, '.netrc'), '');
  });

  it('warns of a file that everybody can read, and of a token over http', async () => {
    const path = directory.file('open', netrcOf(tokenOf()));
    chmodSync(path, 0o644);
    const { send } = service({});
    const args = ['doctor', 'reader', 'http://nix.test', '--netrc', path, '--json'];
    const { out } = await runCommand({ send, environment: { HOME: directory.path } }, ...args);
    const kinds = (JSON.parse(out).findings as ReaderFinding[]).map(({ kind }) => kind);
    expect(kinds).toEqual(['netrc-open', 'token-long', 'http']);
  });

  it('says that Nix cannot read the file either', async () => {
    const { send } = service({});
    const { code, out } = await runCommand(
      { send, environment: { HOME: directory.path } },
      'doctor',
      'reader',
      base,
      '--netrc',
      directory.path,
    );
    expect([code, out]).toEqual([8, expect.stringContaining('(netrc-unreadable): Nix is set to this netrc file')]);
  });

  it.each([
    [`${base}/channel/demo/nixexprs.tar.xz`, `GET ${base}/channel/demo/nixexprs.tar.xz`],
    [permanent, `HEAD ${permanent}`],
    [`${base}/channel/`, `GET ${base}/channel/-`],
    [`${base}/channel/d%65mo.tar.xz?x=y#z`, `GET ${base}/channel/d%65mo.tar.xz?x=y`],
  ])('takes %s', async (url, asked) => {
    const changes = {
      [asked]: asked.endsWith('-')
        ? { status: 404, headers: plain }
        : asked.startsWith('GET')
          ? (sound[`GET ${channel}`] as object)
          : { status: 200 },
    };
    const examined = await examine({ url, changes });
    expect([examined.code, examined.kinds]).toEqual([0, []]);
    expect(examined.asked.map((each) => `${each.method} ${each.url.href}`)).toContain(asked);
  });

  it('asks for what a lock with credentials names, without them', async () => {
    const { kinds, asked } = await examine({ url: base, lock: lockOf(permanent.replace('//', '//u:secret@')) });
    expect(kinds).toEqual(['lock-credentials']);
    expect(asked.map(({ url }) => url.href)).toContain(permanent);
  });

  it.each([
    ['an input of the flake', { root: { inputs: { mine: 'demo' } } }, ' "mine"'],
    ['an input of an input', { root: { inputs: { a: 'x' } }, x: { inputs: { b: 'demo', c: ['a'] } } }, ' "a/b"'],
    ['an input in a circle', { root: { inputs: { a: 'x' } }, x: { inputs: { x: 'x', b: 'demo' } } }, ' "a/b"'],
    ['an input that nothing leads to', { root: { inputs: { demo: ['a', 'b'] } } }, ''],
    ['an input of a lock that is odd', { root: [], x: null }, ''],
  ])('names the path of %s, which "nix flake update" takes', async (_, nodes, path) => {
    const { findings } = await examine({ lock: { nodes: { ...lockOf(channel).nodes, ...nodes } } });
    expect(findings[0]?.subject).toBe(`input${path === '' ? ' "demo"' : path}`);
    expect(findings[0]?.fix).toBe(`Nix locks tarballs alone. Lock it again: nix flake update${path}.`);
  });

  it('says good things of a lock that has nothing to do with the service', async () => {
    const { code, kinds } = await examine({ lock: { nodes: { root: {} } } });
    expect([code, kinds]).toEqual([0, ['lock-nothing']]);
  });

  it('says it in words, a finding in two lines', async () => {
    const { send } = service({ [`GET ${channel}`]: { status: 404, body: 'no\u001b[2J', headers: plain } });
    const { code, out } = await runCommand(
      { send, environment: { HOME: directory.path } },
      'doctor',
      'reader',
      channel,
      '--netrc',
      '/absent',
    );
    expect(code).toBe(8);
    expect(out).toMatch(
      /^error {4}https:\/\/nix\.test\/channel\/demo\.tar\.xz \(not-found\): no\\u001b\[2J\n {9}Check the name/,
    );
    expect(out).toMatch(/\nNix sends credentials from \/absent\.\n1 error, 0 warnings, 0 info\.\n$/);
  });

  it.each<[string, Situation]>([
    ['The URL must be one of http or https', { url: 'nix.test' }],
    ['The URL holds credentials', { url: 'https://u:secret@nix.test' }],
    ['is not JSON', { lock: '{' }],
    ['has no "nodes"', { lock: '[]' }],
  ])('refuses what it cannot use: %s', async (message, situation) => {
    const { code, out } = await examine(situation);
    expect([code, out]).toEqual([3, expect.stringContaining(message)]);
    expect(out).not.toContain('secret');
  });
});

describe('the table of findings about reading', () => {
  it('stands in the documentation, whole', () => {
    const text = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8');
    const [, reading = ''] = text.split('## What the doctor finds about reading');
    const rows = [...reading.matchAll(/^\| `([a-z-]+)` \| (error|warning|info) \|/gm)];
    expect(rows.map(([, kind, severity]) => [kind, severity])).toEqual(
      readerKinds.map((kind) => [kind, readerFinding(kind, '', '', '').severity]),
    );
  });
});
