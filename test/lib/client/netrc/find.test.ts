import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findNetrc } from '../../../../lib/client/netrc/find.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
const at = (name: string) => join(directory.path, name);
beforeAll(() => {
  for (const each of ['nix', 'etc', 'bin', 'odd']) mkdirSync(at(each));
  // Says what it is set to, as `nix config show netrc-file` does, where it is asked exactly that.
  directory.file('bin/nix', '#!/bin/sh\n[ "$3 $4 $5" = "config show netrc-file" ] && echo "$ANSWER"\n');
  directory.file('odd/nix', '#!/bin/sh\necho /wrong; exit 1\n');
  for (const each of ['bin/nix', 'odd/nix']) chmodSync(at(each), 0o755);
});
afterAll(() => directory.remove());

const environment = { HOME: directory.path, XDG_CONFIG_HOME: directory.path, NIX_CONF_DIR: at('etc') };
const found = async (more: object = {}, given?: string) => (await findNetrc(given, { ...environment, ...more })).path;

describe('the netrc file of Nix', () => {
  it('is the one that was named, whatever else is set', async () => {
    expect(await found({ NIX_CONFIG: 'netrc-file = /a' }, '/given')).toBe('/given');
  });

  it('is what Nix says', async () => {
    expect(await found({ PATH: at('bin'), ANSWER: '/asked', NIX_CONFIG: 'netrc-file = /a' })).toBe('/asked');
  });

  it.each(['bin', 'odd', 'nowhere'])('is the one in the settings if no Nix answers with PATH=%s', async (path) => {
    expect(await found({ PATH: at(path), ANSWER: '', NIX_CONFIG: 'x = y\n netrc-file =  /a \n' })).toBe('/a');
  });

  it('is set by the environment, else by the user, else by the system, else the default', async () => {
    expect(await found()).toBe(at('etc/netrc'));
    directory.file('etc/nix.conf', 'netrc-file = /system\n# netrc-file = /comment\n');
    expect(await found()).toBe('/system');
    directory.file('nix/nix.conf', 'netrc-file = /one\nnetrc-file = /user\n');
    expect(await found()).toBe('/user');
    expect(await found({ NIX_CONFIG: 'netrc-file = /environment' })).toBe('/environment');
  });

  it.each([
    ['netrc-file = /a b/c # a comment', '/a b/c'],
    ['netrc-file =', '/etc'],
    ['netrc-files = /a', '/etc'],
  ])('is parsed from %j in nix.conf', async (line, path) => {
    const etc = { NIX_CONF_DIR: '/nowhere', NIX_CONFIG: `netrc-file = /etc\n${line}` };
    expect(await found({ ...etc, XDG_CONFIG_HOME: '/nowhere' })).toBe(path);
  });

  it('is told from those that Nix does not read', async () => {
    const { others } = await findNetrc(at('nix/netrc'), environment);
    expect(others).toEqual([at('.netrc'), at('etc/netrc')]);
  });
});
