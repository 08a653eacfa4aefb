import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newKeyPair, readPrivateKey, signToken } from '../../../../lib/client/token/keys.ts';
import { type RunOptions, runCommand } from '../../../support/run-command.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const url = 'https://nix.example.org/channel/nixos-25.05.tar.xz';
const start = Date.parse('2026-01-01T00:00:00Z') / 1_000;
const { privatePem } = newKeyPair('es256');
const tokenOf = (more: object = {}) =>
  signToken({ sub: 'ci', jti: '1', iat: start, exp: start + 86_400, ...more }, readPrivateKey(privatePem, 'k'));
const token = tokenOf();
const entry = `machine nix.example.org login token password ${token}\n`;
const modeOf = (path: string) => statSync(path).mode & 0o777;
const environment = { XDG_CONFIG_HOME: directory.path, NIX_CONF_DIR: join(directory.path, 'nowhere') };
const login = (args: readonly string[], options: RunOptions = {}) =>
  runCommand({ stdin: `${token}\n`, environment, ...options }, 'login', ...args);

beforeAll(() => {
  directory.file('token', token);
});

describe('channelctl login', () => {
  it("makes a netrc beside the user's nix.conf, for its owner alone, and says how Nix finds it", async () => {
    const config = join(directory.path, 'config');
    const path = join(config, 'nix', 'netrc');
    const options = { environment: { ...environment, XDG_CONFIG_HOME: config } };
    const { code, out, err } = await login([url], options);
    expect([code, readFileSync(path, 'utf8'), modeOf(path)]).toEqual([0, entry, 0o600]);
    expect(out).toContain(`the entry of nix.example.org added to ${path}\n`);
    expect(out).toContain(`\n  netrc-file = ${path}\n`);
    expect(out).toContain(`Tell Nix to read it, in nix.conf (${join(config, 'nix', 'nix.conf')}):\n`);
    expect(out).toContain('/etc/nix/netrc');
    expect(out + err).not.toContain(token);
    expect((await login([url], options)).out).toContain(`is already in ${path}`);
    expect(readdirSync(join(config, 'nix'))).toEqual(['netrc']);
  });

  it('takes the token from a file, another netrc and another login', async () => {
    const path = join(directory.path, 'other');
    const args = ['--token', join(directory.path, 'token'), '--netrc', path, '--login', 'me', '--json'];
    const { code, out } = await login([url, ...args], { stdin: '' });
    expect([code, readFileSync(path, 'utf8')]).toEqual([0, entry.replace('login token', 'login me')]);
    expect(JSON.parse(out)).toEqual({
      netrc: path,
      host: 'nix.example.org',
      login: 'me',
      status: 'added',
      setting: `netrc-file = ${path}`,
    });
  });

  it('keeps whatever else stands there, bytes that are no text too', async () => {
    const before = Buffer.from([0xff, 0x0a, 0xc3, 0x28, 0x0a]);
    const path = directory.file('bytes', before);
    expect((await login([url, '--netrc', path])).code).toBe(0);
    expect(readFileSync(path)).toEqual(Buffer.concat([Buffer.from(entry), before]));
  });

  it('changes the file behind a link, and takes rights away but gives none', async () => {
    const file = directory.file('behind', 'machine nix.example.org password old\n');
    const path = join(directory.path, 'link');
    symlinkSync(file, path);
    chmodSync(file, 0o644);
    const { out, err } = await login([url, '--netrc', path]);
    expect(out).toContain('changed in');
    expect(err).toContain("warning: The file's mode was 644; it becomes 600, so that only its owner can read it.\n");
    expect([lstatSync(path).isSymbolicLink(), readFileSync(file, 'utf8'), modeOf(file)]).toEqual([true, entry, 0o600]);
    chmodSync(file, 0o400);
    const again = await login([url, '--netrc', path, '--login', 'x']);
    expect([again.code, again.err]).toEqual([0, expect.not.stringContaining('mode')]);
    expect(modeOf(file)).toBe(0o400);
  });

  it("leaves the system's file to all who read it, and says so", async () => {
    const system = join(directory.path, 'system');
    mkdirSync(system, { recursive: true });
    const path = join(system, 'netrc');
    writeFileSync(path, 'machine cache.example.org login a password b\n');
    chmodSync(path, 0o644);
    const { err } = await login([url], { environment: { NIX_CONF_DIR: system } });
    expect(err).toContain('warning: Other users of this machine can read the file, and so the token.\n');
    expect([readFileSync(path, 'utf8').includes(entry), modeOf(path)]).toEqual([true, 0o644]);
  });

  (process.getuid?.() === 0 ? it : it.skip)("leaves a user's file to its user where root changes it", async () => {
    const path = directory.file('owned', '');
    chownSync(path, 12_345, 12_346);
    expect((await login([url, '--netrc', path])).code).toBe(0);
    expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 12_346 });
  });

  it('changes nothing in a dry run', async () => {
    const path = join(directory.path, 'dry');
    const { code, out } = await login([url, '--netrc', path, '--dry-run']);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('dry run, nothing was changed: the entry of nix.example.org would be added to '),
    ]);
    expect(readdirSync(directory.path)).not.toContain('dry');
  });

  it.each([
    ['http', 'http://nix.example.org', '', {}, 'Everybody on the way can read a token that is sent over http'],
    ['a port', 'https://nix.example.org:8443/x', '', {}, 'netrc entries have no port'],
    ['a default entry', url, 'default login a password b\n', {}, 'The file has a "default" entry'],
    ['a token that has expired', url, '', { exp: start - 1 }, 'The token has expired; the service refuses it.'],
    ['a long token', url, '', { sub: 'x'.repeat(200) }, 'The token is 533 characters long'],
  ])('saves the token, and warns of %s', async (_, address, before, more, warning) => {
    const path = directory.file('warned', before);
    const { code, err } = await login([address, '--netrc', path], { stdin: tokenOf(more) });
    expect([code, err]).toEqual([0, expect.stringContaining(`warning: ${warning}`)]);
    expect(readFileSync(path, 'utf8')).toContain('machine nix.example.org login token');
  });

  it('does not warn of http to this machine', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]'])
      expect((await login([`http://${host}/`, '--netrc', join(directory.path, 'here')])).err).not.toContain('http');
    expect(readFileSync(join(directory.path, 'here'), 'utf8')).toMatch(/^machine ::1 login/);
  });

  it('says that Nix reads its own default anyway', async () => {
    const options = { environment: { NIX_CONF_DIR: directory.path } };
    const { out } = await login([url, '--netrc', join(directory.path, 'netrc')], options);
    expect(out).toMatch(/\nNix reads this file\.\n$/);
  });

  it('writes the file that Nix reads, where this user may write it, and says nothing of settings', async () => {
    const path = directory.file('mine', '');
    const options = { environment: { ...environment, NIX_CONFIG: `netrc-file = ${path}` } };
    const { code, out } = await login([url], options);
    expect([code, readFileSync(path, 'utf8')]).toEqual([0, entry]);
    expect(out).toContain(`added to ${path}\nNix reads this file.\n`);
    expect(out).not.toContain('Tell Nix');
    expect(out).toContain('For its own downloads the Nix daemon uses');
    expect((await login([url, '--netrc', join(directory.path, 'no')], options)).out).toContain('Tell Nix to read it');
  });

  it.each(['/nowhere/netrc', directory.path])(
    "writes the user's own where Nix is set to %s, which it cannot be",
    async (path) => {
      await login([url]);
      const { out } = await login([url], { environment: { ...environment, NIX_CONFIG: `netrc-file = ${path}` } });
      expect(out).toContain(`in ${join(directory.path, 'nix', 'netrc')}\nTell Nix to read it`);
    },
  );

  it('says what a shell can run to set it, whatever the path and whatever is set already', async () => {
    const path = join(directory.path, "it's");
    const { out } = await login([url, '--netrc', path]);
    const line = out.split('\n').find((each) => each.includes('export')) ?? '';
    const shown = execFileSync('/bin/sh', ['-c', `${line}\nprintf %s "$NIX_CONFIG"`], { env: { NIX_CONFIG: 'a = b' } });
    expect(shown.toString()).toBe(`a = b\nnetrc-file = ${path}`);
  });

  it.each([
    ['no URL', ['nix.example.org'], {}, 'The URL must be one of http or https'],
    ['a URL with credentials', ['https://u:secret@nix.example.org'], {}, 'The URL holds credentials'],
    ['no token', [url], { stdin: '\n' }, 'The token is empty'],
    ['a password that is no token', [url], { stdin: 'hunter2' }, 'This is not a token'],
    ['a token that is too long', [url], { stdin: tokenOf({ sub: 'x'.repeat(4_000) }) }, 'The token is over 4095'],
    ['a login with a blank', [url, '--login', 'a b'], {}, 'The login must be'],
    ['a token in the place of its file', [url, '--token', 'secret'], {}, 'The file of --token cannot be read'],
    ['a netrc that is a directory', [url, '--netrc', '/'], {}, '/ cannot be read'],
  ])('refuses %s, in one line', async (_, args, options, message) => {
    const { code, out, err } = await login(args, options);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^channelctl: [^\n]+\n$/);
    expect(err).toContain(message);
    expect(err).not.toMatch(/secret|hunter2/);
  });

  it('does not touch a file that it cannot read', async () => {
    const path = directory.file('broken', 'machine a.test login "x');
    const { code, err } = await login([url, '--netrc', path]);
    expect([code, err]).toEqual([3, expect.stringContaining('Line 1 of the netrc file')]);
    expect(readFileSync(path, 'utf8')).toBe('machine a.test login "x');
  });
});
