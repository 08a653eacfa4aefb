import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readToken } from '../../../../lib/client/token/inspect.ts';
import { type RunOptions, runCommand } from '../../../support/run-command.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { part, signParts, testKey } from '../../../support/tokens.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const at = (name: string) => join(directory.path, name);
const token = (args: readonly string[], options: RunOptions = {}) => runCommand(options, 'token', ...args);
const modeOf = (path: string) => statSync(path).mode & 0o777;
const key = at('key');
const create = (...more: string[]) => token(['create', '--key', key, '--days', '90', '--subject', 'ci', ...more]);
const created = async (...more: string[]) => readToken((await create(...more)).out);
const start = Date.parse('2026-01-01T00:00:00Z') / 1_000;
beforeAll(async () => {
  await token(['keygen', '--out', key]);
  await token(['keygen', '--algorithm', 'eddsa', '--out', at('foreign')]);
});
const signed = (text: string) => (text.match(/[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/) ?? [])[0];

describe('channelctl token keygen', () => {
  it('writes a private key for its owner alone, and a public one for everybody', async () => {
    const key = at('new');
    const { code, out, err } = await token(['keygen', '--out', key]);
    expect([code, err]).toEqual([0, '']);
    expect([modeOf(key), modeOf(`${key}.pub`)]).toEqual([0o600, 0o644]);
    expect(readFileSync(key, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(readFileSync(`${key}.pub`, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(out).toContain(`JWT_PUBLIC_KEY_FILES=${key}.pub npm start`);
    expect(out).toContain('jwtPublicKeyFiles');
    expect(out).not.toContain('BEGIN');
  });

  it.each(['both', 'both.pub'])('does not overwrite %s, and leaves no half of a pair', async (name) => {
    const path = directory.file(name, 'mine');
    const { code, err } = await token(['keygen', '--out', at('both')]);
    expect([code, readFileSync(path, 'utf8')]).toEqual([4, 'mine']);
    expect(err).toBe(`channelctl: ${path} already exists: give --force to overwrite it, or another name.\n`);
    expect((await token(['keygen', '--out', at('both'), '--force'])).code).toBe(0);
    expect([modeOf(at('both')), modeOf(at('both.pub'))]).toEqual([0o600, 0o644]);
    for (const each of ['both', 'both.pub']) rmSync(at(each));
  });

  it.each([
    ['eddsa', /"kid":"[\w-]{43}"/],
    ['rs256', /"algorithm":"rs256"/],
  ])('creates keys for %s', async (algorithm, expected) => {
    const { code, out } = await token(['keygen', '--algorithm', algorithm, '--out', at(algorithm), '--json']);
    expect([code, out]).toEqual([0, expect.stringMatching(expected)]);
  });

  it.each([
    [2, ['keygen']],
    [2, ['keygen', '--out', 'x', '--algorithm', 'hs256']],
    [3, ['keygen', '--out', '/nowhere/key']],
  ])('ends with exit code %d for %j', async (expected, args) => {
    expect((await token(args)).code).toBe(expected);
  });
});

describe('channelctl token create', () => {
  it('prints the token and nothing else, and what there is to know of it on stderr', async () => {
    const { code, out, err } = await create('--channels', 'nixos-*,foo', '--channels', 'bar');
    const { header, payload } = readToken(out);
    expect([code, out]).toEqual([0, expect.stringMatching(/^[\w.-]+\n$/)]);
    expect(header.alg).toBe('ES256');
    expect(payload).toEqual({
      sub: 'ci',
      jti: expect.stringMatching(/^[\w-]{16}$/),
      iat: start,
      exp: start + 90 * 86_400,
      channels: ['nixos-*', 'foo', 'bar'],
    });
    expect(err).toMatch(
      /^warning: The token is 3\d\d characters long: curl 8.11.0 refuses [^\n]+\nid [\w-]{16}; expires 2026-04-01T/,
    );
    expect(signed(err)).toBeUndefined();
  });

  it('takes every claim from its option', async () => {
    const more = ['--audience', 'nix', '--issuer', 'me', '--id', 'one', '--not-before', '2026-01-02T01:00:00+01:00'];
    expect((await created('--channels', '*', ...more)).payload).toMatchObject({
      aud: 'nix',
      iss: 'me',
      jti: 'one',
      nbf: start + 86_400,
    });
  });

  it('names no channels for --all-channels, and says who decides then', async () => {
    const { out, err } = await create('--all-channels');
    expect(readToken(out).payload).not.toHaveProperty('channels');
    expect(err).toContain("the service's setting decides");
  });

  it('writes a file for its owner alone, and over none', async () => {
    const path = at('token');
    const { code, out } = await create('--all-channels', '--out', path);
    expect([code, out, modeOf(path)]).toEqual([0, '', 0o600]);
    const before = readFileSync(path, 'utf8');
    expect((await create('--all-channels', '--out', path)).code).toBe(4);
    expect((await create('--all-channels', '--out', key)).code).toBe(4);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect((await create('--all-channels', '--out', path, '--force')).code).toBe(0);
    expect(readFileSync(path, 'utf8')).not.toBe(before);
  });

  it('takes the place of no pipe, and says nothing of a token that it did not write', async () => {
    const path = at('pipe');
    execFileSync('mkfifo', [path]);
    for (const force of [[], ['--force']]) {
      const { code, err } = await create('--channels', 'a', '--out', path, ...force);
      expect([code, err]).toEqual([3, expect.stringContaining(`${path} is not a regular file`)]);
      expect(err).not.toContain('expires');
    }
    expect((await token(['keygen', '--out', path, '--force'])).code).toBe(3);
    expect(lstatSync(path).isFIFO()).toBe(true);
    expect((await create('--all-channels', '--out', '/nowhere/token')).err).not.toContain('expires');
  });

  it('writes the file that a link leads to', async () => {
    mkdirSync(at('links'));
    symlinkSync('../made', at('links/first'));
    symlinkSync('links/first', at('second'));
    expect((await create('--all-channels', '--out', at('second'))).code).toBe(0);
    expect([lstatSync(at('second')).isSymbolicLink(), modeOf(at('made'))]).toEqual([true, 0o600]);
    symlinkSync('circle', at('circle'));
    const { code, err } = await create('--all-channels', '--out', at('circle'));
    expect([code, err]).toEqual([3, expect.stringContaining('its symbolic links form a loop')]);
  });

  it('prints one JSON value with --json, without the token where a file has it', async () => {
    const { out } = await create('--all-channels', '--id', 'one', '--json');
    const { token: text, ...facts } = JSON.parse(out);
    expect(facts).toEqual({ jti: 'one', exp: start + 90 * 86_400, length: text.length });
    const path = at('json-token');
    const written = JSON.parse((await create('--all-channels', '--id', 'one', '--json', '--out', path)).out);
    expect(written).toEqual({ file: path, ...facts });
  });

  it('warns of a key that others can read', async () => {
    const path = directory.file('open', readFileSync(key));
    chmodSync(path, 0o644);
    const { code, err } = await create('--all-channels', '--key', path);
    expect([code, err]).toEqual([0, expect.stringContaining(`chmod 600 ${path}`)]);
    expect((await create('--all-channels')).err).not.toContain('chmod');
  });

  it('makes no token that curl would drop', async () => {
    const channels = Array.from({ length: 300 }, (_, index) => `channel-${index}`).join(',');
    expect(await create('--channels', channels)).toMatchObject({ code: 3, out: '' });
  });

  it.each([
    ['a channel that is none', ['--channels', 'a b'], 'The channel "a b" must contain only'],
    ['an empty channel', ['--channels', 'a,'], 'The channel "" must not be empty'],
    ['both kinds of scope', ['--channels', 'a', '--all-channels'], 'Give --channels'],
    ['no scope', [], 'Give --channels'],
    ['no subject', ['--all-channels', '--subject', ''], 'The claim "sub" must have 1 to 256 characters'],
    ['a subject with a line end', ['--all-channels', '--subject', 'a\nb'], 'The claim "sub"'],
    ['a beginning after its end', ['--all-channels', '--not-before', '2027-01-01'], 'would expire before'],
    ['no key', ['--all-channels', '--key', '/nowhere'], '/nowhere cannot be read: there is no such file'],
    ['a directory', ['--all-channels', '--key', '/'], '/ cannot be read: it is a directory'],
  ])('refuses %s, in one line', async (_, args, message) => {
    const { code, out, err } = await create(...args);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^channelctl: [^\n]+\n$/);
    expect(err).toContain(message);
  });

  it.each(['0', '3651', 'x', '1.5'])('refuses %s days', async (days) => {
    expect((await create('--all-channels', '--days', days)).code).toBe(2);
  });

  it.each(['tomorrow', '2026-13-01', '2026'])('refuses the date %s', async (date) => {
    expect((await create('--all-channels', '--not-before', date)).code).toBe(2);
  });
});

describe('channelctl token inspect', () => {
  const inspect = (stdin: string, ...args: string[]) => token(['inspect', ...args], { stdin });

  it('says what stands in a token, and never the token', async () => {
    const { out: text } = await create('--channels', 'nixos-*,foo', '--id', 'one');
    const { code, out, err } = await inspect(text);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^alg +ES256$/m);
    expect(out).toMatch(/^jti +one$/m);
    expect(out).toMatch(/^channels +nixos-\*, foo$/m);
    expect(out).toMatch(/^exp +2026-04-01T00:00:00.000Z \(in 90 days\)$/m);
    expect(out).toMatch(/^signature +not verified: anybody can write/m);
    expect(out).toContain(readToken(text).sha256);
    expect(signed(out)).toBeUndefined();
    for (const part of text.trim().split('.')) expect(out).not.toContain(part);
  });

  it('verifies it by a key, from a file too', async () => {
    const path = at('inspected');
    await create('--all-channels', '--out', path);
    expect(await token(['inspect', path, '--key', `${key}.pub`])).toMatchObject({
      code: 0,
      out: expect.stringContaining('made by the key that was given'),
    });
    expect(await token(['inspect', path, '--key', at('foreign.pub')])).toMatchObject({
      code: 3,
      out: expect.stringContaining('NOT made by the key'),
    });
    const { out } = await token(['inspect', path, '--json', '--key', `${key}.pub`]);
    expect(JSON.parse(out)).toMatchObject({ alg: 'ES256', sub: 'ci', signature: 'valid', sha256: expect.any(String) });
  });

  it('prints the ID of the key as keygen does, whatever kid another tool wrote', async () => {
    const { out: text } = await token(['keygen', '--out', at('ours')]);
    const [, kid = ''] = /^key id +([\w-]{43}): the kid of its tokens; to revoke them all/m.exec(text) ?? [];
    const privateKey = createPrivateKey(readFileSync(at('ours'), 'utf8'));
    const foreign = signParts(
      part({ alg: 'ES256', kid: 'mine' }),
      part({ exp: start + 60 }),
      testKey('ES256', { privateKey, publicKey: createPublicKey(privateKey) }),
    );
    const { out } = await inspect(foreign, '--key', at('ours'));
    expect(out).toMatch(new RegExp(`^kid +mine$[^]+^key id +${kid} `, 'm'));
    expect(JSON.parse((await inspect(foreign, '--key', at('ours.pub'), '--json')).out)).toMatchObject({ keyId: kid });
    expect((await inspect(foreign, '--key', at('foreign.pub'))).out).not.toContain('key id');
    const { out: own } = await token([
      'create',
      '--key',
      at('ours'),
      '--all-channels',
      '--days',
      '1',
      '--subject',
      'x',
    ]);
    expect(readToken(own).header.kid).toBe(kid);
  });

  const made = (header: object, payload: object) =>
    [header, payload, {}].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

  it.each([
    ['no expiry', made({ alg: 'ES256' }, {}), 'The token has no expiry'],
    [
      'an expiry that is no number',
      made({ alg: 'ES256' }, { exp: 'never' }),
      'The token has a claim "exp" that is not a number',
    ],
    [
      'a subject that is no text',
      made({ alg: 'ES256' }, { exp: start + 2, sub: 7 }),
      'a claim "sub" that is not text;',
    ],
    [
      'an expiry that is over',
      made({ alg: 'ES256' }, { exp: start }),
      'The token has expired; the service refuses it.',
    ],
    ['a beginning to come', made({ alg: 'ES256' }, { exp: start + 2, nbf: start + 1 }), 'The token is not valid yet.'],
    ['an algorithm of its own', made({ alg: 'none' }, { exp: start + 2 }), 'the service refuses it'],
    ...['crit', 'jwk', 'jku', 'x5u', 'x5c'].map((name) => [
      `the header ${name}`,
      made({ alg: 'ES256', [name]: 'https://evil.test' }, { exp: start + 2 }),
      `The token has "${name}" in its header; the service refuses it.`,
    ]),
    [
      'a claim that it has twice',
      `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('{"exp":1,"exp":9}').toString('base64url')}.e30`,
      'The token has duplicate JSON keys; the service refuses it.',
    ],
    ['a length that curl drops', made({ alg: 'ES256' }, { exp: start + 2, x: 'x'.repeat(4_000) }), 'drops passwords'],
  ])('warns of %s', async (_, text, warning) => {
    const { code, out } = await inspect(text);
    expect([code, out]).toEqual([0, expect.stringContaining(warning)]);
  });

  it('prints nothing that a terminal obeys, whatever the claims hold', async () => {
    const payload = { sub: '\u001b[2J\u009b', exp: 1e300, nbf: -1e12, iat: [], channels: { a: '\u001b' }, aud: ['\n'] };
    const { code, out } = await inspect(made({ alg: {}, kid: '\u0007' }, payload));
    expect(code).toBe(0);
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('does not print a token that is given instead of its file, short or long', async () => {
    const { out: text } = await create('--all-channels');
    const { code, err } = await token(['inspect', text.slice(0, 200)]);
    expect([code, err]).toEqual([
      3,
      'channelctl: The file of the token cannot be read: there is no such file or directory.\n',
    ]);
    const long = await token(['inspect', text.trim()]);
    expect([long.code, long.err]).toEqual([3, expect.stringContaining('give the name of a file, not its content')]);
  });

  it.each([['garbage'], ['a.b.c'], ['machine a.test login token password x.y.z']])(
    'refuses %j in one line',
    async (text) => {
      const { code, out, err } = await inspect(text);
      expect([code, out]).toEqual([3, '']);
      expect(err).toMatch(/^channelctl: This is not a token [^\n]+\n$/);
    },
  );
});
