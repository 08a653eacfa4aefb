import { createHash, generateKeyPairSync } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { keyThumbprint } from '../../../../lambda/auth/public-key.ts';
import { exitCodes } from '../../../../lib/client/exit-codes.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { newOperation } from '../../../support/publish-rig.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { newKey } from '../../../support/tokens.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (payload: unknown): string => `${base64url({ alg: 'ES256' })}.${base64url(payload)}.c2lnbmF0dXJl`;
const hashOf = (token: string): string =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('hex');

const rig = (stdin?: string) => {
  const made = commandRig({ operation: newOperation, ...(stdin === undefined ? {} : { stdin }) });
  return { ...made, revoked: () => made.rig.bucket.json('revoked.json')?.revoked };
};
/** The clock of the tests begins here. */
const now = Math.floor(commandRig().rig.clock.now() / 1_000);
const day = 86_400;
const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();

describe('channelctl token revoke', () => {
  it.each([
    ['--jti', 'a', { jti: 'a' }, 'jti a'],
    ['--sub', 'ci bot', { sub: 'ci bot' }, 'sub ci bot'],
    ['--kid', '-x', { kid: '-x' }, 'kid -x'],
    ['--sha256', 'AB'.repeat(32), { sha256: 'ab'.repeat(32) }, `sha256 ${'ab'.repeat(32)}`],
    ['--issued-before', '2025-06-01', { issuedBefore: 1_748_736_000 }, 'issued before 2025-06-01T00:00:00.000Z'],
  ])('revokes by %s %s, and says when it takes effect', async (flag, value, entry, said) => {
    const { run, revoked } = rig();
    const until = now + 90 * day;
    expect(await run('token', 'revoke', `${flag}=${value}`, '--until', '90d', '--reason', 'lost')).toEqual({
      code: 0,
      err: '',
      out: `revoked: ${said} until ${iso(until)}\nIt takes effect within the maximum age that is set for the service (by default 30 s on AWS, 0 s with the bucket of npm start). URLs that were issued before stay valid for up to 15 minutes.\n${flag === '--kid' ? "Anyone who has the key can still create tokens: remove it from the service's keys before this entry ends.\n" : ''}`,
    });
    expect(revoked()).toMatchObject([{ ...entry, until, reason: 'lost' }]);
  });

  it.each(['public', 'private'])(
    'revokes the tokens of a key by its %s half, and says to remove the key from the service',
    async (half) => {
      const key = newKey('ES256');
      const kid = keyThumbprint(key.publicKey);
      const pem = half === 'public' ? key.pem : key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const { run, revoked } = rig();
      const { code, out, err } = await run('token', 'revoke', '--key', directory.file(half, pem), '--until', '90d');
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain(`revoked: kid ${kid} until `);
      expect(out).toContain("remove it from the service's keys before this entry ends.\n");
      expect(revoked()).toMatchObject([{ kid, until: now + 90 * day }]);
      expect((await run('token', 'revoke', '--kid', kid, '--undo')).out).toMatch(/^no longer revoked: kid /);
      expect(revoked()).toEqual([]);
    },
  );

  it.each([
    ['several keys', `${newKey('ES256').pem}${newKey('ES256').pem}`, 'has several keys'],
    ['an encrypted key', '-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cret\n', 'is encrypted: give the public key'],
    ['no key', 's3cret', 'has no readable public key or certificate in PEM form'],
    [
      'a key that the service does not take',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
      'is not an RSA, P-256',
    ],
  ])('refuses a file with %s', async (_, key, message) => {
    const { run, requests } = rig();
    const pem = typeof key === 'string' ? key : key.export({ type: 'spki', format: 'pem' }).toString();
    const { code, err } = await run('token', 'revoke', '--key', directory.file('odd', pem), '--until', '1d');
    expect([code, requests, err]).toEqual([exitCodes.refused, [], expect.stringContaining(message)]);
    expect(err).not.toContain('s3cret');
  });

  it.each(['file', 'standard input'])('revokes the token in a %s until a day after it expires', async (source) => {
    const token = tokenOf({ exp: now + 5 * day + 0.5, sub: 'ci' });
    const { run, revoked } = rig(`${token}\n`);
    const from = source === 'file' ? directory.file('token', `${token}\n`) : '-';
    const { code, out, err } = await run('token', 'revoke', '--token', from);
    expect([code, err]).toEqual([0, '']);
    expect(revoked()).toMatchObject([{ sha256: hashOf(token), until: now + 6 * day + 1 }]);
    for (const part of token.split('.')) expect(out).not.toContain(part);
    expect((await run('token', 'revoke', '--token', from)).out).toMatch(
      /^nothing changed: sha256 \S+ until \S+ is already revoked/,
    );
  });

  it('takes --until for a token that does not expire, and none that ends before the token does', async () => {
    const endless = rig(tokenOf({ sub: 'ci' }));
    const without = await endless.run('token', 'revoke', '--token', '-');
    expect([without.code, without.err]).toEqual([
      exitCodes.refused,
      expect.stringContaining('a time after the last of these tokens expires'),
    ]);
    expect((await endless.run('token', 'revoke', '--token', '-', '--until', '90d')).code).toBe(0);
    const long = await rig(tokenOf({ exp: now + 90 * day - 299 })).run(
      'token',
      'revoke',
      '--token',
      '-',
      '--until',
      '90d',
    );
    expect([long.code, long.err]).toEqual([exitCodes.refused, expect.stringContaining('leave --until out')]);
    const over = await rig(tokenOf({ exp: now - day })).run('token', 'revoke', '--token', '-');
    expect([over.code, over.err]).toEqual([exitCodes.refused, expect.stringContaining('has expired')]);
  });

  it('undoes a revocation', async () => {
    const { run, revoked } = rig(tokenOf({ exp: now - day }));
    await run('token', 'revoke', '--jti', 'a', '--until', '1d');
    const { code, out } = await run('token', 'revoke', '--jti', 'a', '--undo');
    expect([code, out]).toEqual([
      0,
      'no longer revoked: jti a\nIt takes effect within the maximum age that is set for the service (by default 30 s on AWS, 0 s with the bucket of npm start).\n',
    ]);
    expect(revoked()).toEqual([]);
    expect((await run('token', 'revoke', '--jti', 'a', '--undo')).out).toBe('nothing changed: jti a is not revoked\n');
    expect((await run('token', 'revoke', '--token', '-', '--undo')).code).toBe(0);
  });

  it('lists what is revoked, newest first, and all pages of it', async () => {
    const { run, rig: publish } = rig();
    expect((await run('token', 'revocations')).out).toBe('Nothing is revoked.\n');
    const revoked = Array.from({ length: 700 }, (_, index) => ({ sub: `s${index}`, until: now + day }));
    publish.bucket.putJson('revoked.json', { revoked: [{ jti: '\u001b[31m', until: 1e300 }, ...revoked] });
    await run('token', 'revoke', '--kid', 'old', '--until', '2026-12-31T18:00:00+01:00', '--reason', 'leaked');
    const { out } = await run('token', 'revocations');
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(702);
    expect(lines[0]).toMatch(/^kid old until 2026-12-31T17:00:00\.000Z at 2\S+Z by arn:aws:\S+: leaked$/);
    expect(lines.at(-1)).toBe('jti \\u001b[31m until 1e+300');
    const { revocations } = JSON.parse((await run('token', 'revocations', '--json')).out);
    expect(revocations).toHaveLength(702);
    expect(revocations[0]).toMatchObject({ kid: 'old', reason: 'leaked' });
  });

  it('prints one JSON value with --json, and changes nothing in a dry run', async () => {
    const { run, rig: publish } = rig();
    const args = ['token', 'revoke', '--jti', 'a', '--until', '1d', '--dry-run'];
    expect((await run(...args)).out).toBe(`dry run, nothing was changed: would revoke jti a until ${iso(now + day)}\n`);
    expect(JSON.parse((await run(...args, '--json')).out)).toMatchObject({ fresh: true, revocation: { jti: 'a' } });
    expect(publish.bucket.objects.size).toBe(0);
    await run('token', 'revoke', '--jti', 'a', '--until', '1d');
    expect((await run('token', 'revoke', '--jti', 'a', '--undo', '--dry-run')).out).toMatch(
      /^dry run, nothing was changed: would undo the revocation of jti a( until \S+)?\n$/,
    );
  });

  const until = ['--until', '90d'];
  it.each([
    ['no selector', until, exitCodes.refused, 'exactly one of'],
    ['two selectors', ['--jti', 'a', '--sub', 'b', ...until], exitCodes.refused, 'exactly one of'],
    [
      'a key without an end',
      ['--key', 'test/fixtures/reader-key.pem'],
      exitCodes.refused,
      'a time after the last of these tokens expires',
    ],
    ['no end', ['--jti', 'a'], exitCodes.refused, 'a time after the last of these tokens expires'],
    ['an end that is over', ['--jti', 'a', '--until', '2020-01-01'], exitCodes.refused, 'in the future'],
    ['an end that is no date', ['--jti', 'a', '--until', '2026-02-30'], exitCodes.usage, 'a day such as'],
    ['an end without its zone', ['--jti', 'a', '--until', '2026-02-03T10:00:00'], exitCodes.usage, 'zone'],
    ['an empty id', ['--jti', '', ...until], exitCodes.refused, 'not be empty'],
    ['a hash that is none', ['--sha256', 'ab', ...until], exitCodes.refused, '64 hexadecimal digits'],
    ['an end in a thousand years', ['--jti', 'a', '--until', '999999d'], exitCodes.usage, 'at most 3650d'],
    [
      'a time to come',
      ['--issued-before', '2099-01-01', ...until],
      exitCodes.refused,
      '--issued-before must not be in the future: it would refuse tokens that do not exist yet.\n',
    ],
    ['a time that is none', ['--issued-before', 'today', ...until], exitCodes.usage, 'a day such as'],
    ['--undo with an end', ['--jti', 'a', '--undo', ...until], exitCodes.refused, 'neither'],
    ['an argument', ['a.b.c', ...until], exitCodes.usage, 'too many arguments'],
    [
      'a file that is not there',
      ['--token', '/nonexistent/t0ken'],
      exitCodes.refused,
      'The file of --token cannot be read: there is no such file',
    ],
  ])('refuses %s before any request', async (_, args, exit, sentence) => {
    const { run, requests } = rig();
    const { code, out, err } = await run('token', 'revoke', ...args);
    expect([code, out, requests]).toEqual([exit, '', []]);
    expect(err).toMatch(/^channelctl: [^\n]+\n$/);
    expect(err).toContain(sentence);
  });

  it.each([
    ['two parts', 's3cret.s3cret'],
    ['four parts', 's3cret.s3cret.s3cret.s3cret'],
    ['a payload that is no JSON', 's3cret.s3cret.s3cret'],
    ['a payload that is null', `s3cret.${base64url(null)}.s3cret`],
    ['padding', `${tokenOf({ exp: now + day })}s3cret==`],
    ['a line of a netrc file', `machine a.test login x password ${tokenOf({ s3cret: 1 })}`],
  ])('refuses %s as a token, without quoting it', async (_, text) => {
    const { run, requests } = rig(text);
    const { code, out, err } = await run('token', 'revoke', '--token', '-', '--until', '1d');
    expect([code, out, requests]).toEqual([exitCodes.refused, '', []]);
    expect(err).toContain('is not a token');
    expect(err).not.toContain('s3cret');
  });

  it('does not print a token that was given instead of a file', async () => {
    const token = tokenOf({ exp: now + day });
    const { code, err } = await rig().run('token', 'revoke', '--token', token);
    expect(code).toBe(exitCodes.refused);
    for (const part of token.split('.')) expect(err).not.toContain(part);
  });

  it('ends with 4 where the list is damaged', async () => {
    const { run, rig: publish } = rig();
    publish.bucket.put('revoked.json', '{');
    const { code, err } = await run('token', 'revoke', '--jti', 'a', '--until', '1d');
    expect([code, err]).toEqual([exitCodes.conflict, expect.stringContaining('restore its last good version')]);
    expect((await run('token', 'revocations')).code).toBe(exitCodes.conflict);
  });
});
