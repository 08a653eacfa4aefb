import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { netrcEntry } from '../../lib/client/netrc/parse.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';

const script = fileURLToPath(new URL('../../nix/write-netrc.sh', import.meta.url));
const group = String(process.getgid?.());

describe('the script of the login module', () => {
  let directory: TemporaryDirectory;
  let netrc: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    netrc = join(directory.path, 'netrc');
  });
  afterEach(() => {
    directory.remove();
  });

  function write(tokens: Readonly<Record<string, string>>, { readableBy = '', PATH = process.env.PATH } = {}) {
    for (const [host, text] of Object.entries(tokens)) directory.file(host, text);
    const { status, stderr } = spawnSync('/bin/sh', [script, netrc, readableBy, ...Object.keys(tokens)], {
      encoding: 'utf8',
      env: { PATH, CREDENTIALS_DIRECTORY: directory.path },
    });
    return { status, stderr };
  }
  const mode = (): number => statSync(netrc).mode & 0o777;

  it('writes a line for each host, whether or not its token file ends with a newline', () => {
    expect(write({ 'a.example.org': 'one.token', 'b.example.org': 'other.token\n' })).toEqual({
      status: 0,
      stderr: '',
    });
    expect(readFileSync(netrc, 'utf8')).toBe(
      'machine a.example.org login token password one.token\nmachine b.example.org login token password other.token\n',
    );
    expect(mode()).toBe(0o600);
  });

  it('lets only the given group read the file too', () => {
    expect(write({ host: 'token' }, { readableBy: group })).toEqual({ status: 0, stderr: '' });
    expect([mode(), String(statSync(netrc).gid)]).toEqual([0o640, group]);
  });

  it('replaces the file as a whole, so a host that is no longer configured loses its token', () => {
    write({ old: 'token' });
    write({ next: 'token' });
    expect(readFileSync(netrc, 'utf8')).toBe('machine next login token password token\n');
  });

  it.each([
    ['an empty file', '', 'is empty'],
    ['only a newline', '\n', 'is empty'],
    ['a blank', 'a b', 'has a character that no token has'],
    ['a second line', 'a\nmachine evil login x password y', 'has a character that no token has'],
    ['a quote', 'a"b', 'has a character that no token has'],
    ['a carriage return', 'tok3n\r\n', 'has a character that no token has'],
    ['a letter that is not of ASCII', 'tökén', 'has a character that no token has'],
    ['more than curl sends', 'x'.repeat(4096), 'has over 4095 characters'],
  ])('refuses %s, without showing it, and leaves the file as it was', (_, text, reason) => {
    write({ host: 'before' });
    const { status, stderr } = write({ good: 'token', host: text });
    expect([status, stderr]).toEqual([1, expect.stringContaining(`The token file of host ${reason}`)]);
    expect(stderr).toContain(`${netrc} was not changed.`);
    if (text.trim() !== '') expect(stderr).not.toContain(text.trim());
    expect(readFileSync(netrc, 'utf8')).toBe('machine host login token password before\n');
    expect(readdirSync(directory.path).sort()).toEqual(['good', 'host', 'netrc']);
  });

  it('fails where a token file is absent', () => {
    const { status } = spawnSync('/bin/sh', [script, netrc, '', 'absent'], {
      env: { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: directory.path },
    });
    expect([status === 0, existsSync(netrc)]).toEqual([false, false]);
  });

  it('passes a token to no other program', () => {
    const seen = join(directory.path, 'seen');
    const programs = ['cat', 'chgrp', 'chmod', 'mv'];
    for (const name of programs)
      chmodSync(
        directory.file(name, `#!/bin/sh\necho "${name} $*" >>${seen}; env >>${seen}\nexec /bin/${name} "$@"\n`),
        0o755,
      );
    expect(write({ host: 'the.token' }, { readableBy: group, PATH: `${directory.path}:/usr/bin:/bin` }).status).toBe(0);
    const said = readFileSync(seen, 'utf8');
    for (const name of programs) expect(said).toMatch(new RegExp(`^${name} `, 'm'));
    expect(said).not.toContain('the.token');
    expect(readFileSync(netrc, 'utf8')).toContain('the.token');
  });

  it('writes what curl reads as the same token, or refuses it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), (token) => {
        if (write({ host: token }).status !== 0) return expect(token).not.toMatch(/^[\w.~+/=-]+$/);
        return expect(netrcEntry(readFileSync(netrc, 'latin1'), 'host')).toMatchObject({
          login: 'token',
          password: token,
        });
      }),
      { numRuns: 40 },
    );
  });
});
