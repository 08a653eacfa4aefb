import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { routes } from '../../../lib/api/routes.ts';
import { BadSetting } from '../../../lib/domain/problem.ts';
import { matchRoute } from '../../../lib/local/gateway/build-event.ts';
import { isAllowed, keysOfPublishers } from '../../../lib/server/publisher-keys.ts';
import { exposure, readPublishers } from '../../../lib/server/publishers.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

let directory: TemporaryDirectory;
const uid = process.getuid?.() ?? 0;
const ci = { name: 'ci', accessKeyId: 'CI', secretAccessKeyFile: 'ci.key', channels: ['one'] };

function secretFile(name: string, content: string, mode = 0o600): string {
  const path = directory.file(name, content);
  chmodSync(path, mode);
  return path;
}

const read = (value: unknown, mode = 0o600) =>
  readPublishers(secretFile('p.json', typeof value === 'string' ? value : JSON.stringify(value), mode), { uid });

beforeEach(() => {
  directory = temporaryDirectory();
  secretFile('ci.key', '0123456789abcdef\n');
});
afterEach(() => directory.remove());

describe('the publishers file', () => {
  it('names publishers, their rights, and secrets in files beside it', () => {
    expect(read([ci], 0o400)).toEqual([
      {
        name: 'ci',
        accessKeyId: 'CI',
        secretAccessKey: '0123456789abcdef',
        channels: ['one'],
        promotions: [],
        administrator: false,
      },
    ]);
  });

  it.each([0o640, 0o604, 0o660, 0o700, 0o644, 0o4600])('is refused with the mode %o, and so is a secret', (mode) => {
    expect(() => read([ci], mode)).toThrow(/^--publishers names .*p\.json has the mode 0.*: chmod 600 .*p\.json/);
    secretFile('ci.key', '0123456789abcdef', mode);
    expect(() => read([ci])).toThrow(/^--publishers \(ci\) names .*ci\.key has the mode 0.*: chmod 600 .*ci\.key/);
  });

  it('is refused where it belongs to another user, but not among the credentials of systemd', () => {
    const credentialsDirectory = '/run/credentials/x.service';
    expect(exposure('/etc/p.json', { mode: 0o100600, uid: 0 }, { uid: 7 })).toMatch(/^belongs to another user/);
    // systemd gives root's file to the unit's user by an ACL, which the group's bits show.
    expect(exposure(`${credentialsDirectory}/p`, { mode: 0o100440, uid: 0 }, { uid: 7, credentialsDirectory })).toBe(
      undefined,
    );
    expect(exposure(`${credentialsDirectory}/p`, { mode: 0o100444, uid: 0 }, { uid: 7, credentialsDirectory })).toMatch(
      /other users/,
    );
    expect(exposure(`${credentialsDirectory}/p`, { mode: 0o100440, uid: 8 }, { uid: 7, credentialsDirectory })).toMatch(
      /^belongs to another user/,
    );
    expect(
      exposure('/run/credentials/x.service2/p', { mode: 0o100440, uid: 0 }, { uid: 7, credentialsDirectory }),
    ).toMatch(/^belongs to another user/);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', {}, /p\.json must be a list of publishers/],
    ['no JSON, which it does not quote', '[{"secret": hush}]', /^--publishers .*p\.json must be JSON\.$/],
    ['nobody', [], /must name at least one publisher/],
    ['an unknown field', [{ ...ci, chanels: [] }], /p\.json\[0\] must not have the field "chanels"/],
    ['a secret in it', [{ ...ci, secretAccessKey: 'x' }], /must not have the field "secretAccessKey"/],
    ['a name with blanks', [{ ...ci, name: 'c i' }], /p\.json\[0\]\.name must be 1–40 letters/],
    ['no secret', [{ ...ci, secretAccessKeyFile: undefined }], /p\.json\[0\]\.secretAccessKeyFile must be/],
    ['a name twice', [ci, { ...ci, accessKeyId: 'B' }], /has the name ci twice/],
    ['a key twice', [ci, { ...ci, name: 'b' }], /has the accessKeyId CI twice/],
    ['no rights', [{ ...ci, channels: [] }], /\(ci\) must have channels, promotions or/],
    [
      'the right to retire without channels',
      [{ ...ci, channels: [], promotions: [{ from: 'a', to: 'b' }], retire: true }],
      /\(ci\) must have channels for "retire": true/,
    ],
    ['the right to retire as a text', [{ ...ci, retire: 'yes' }], /\[0\]\.retire must be true or false/],
    ['rights beside all', [{ ...ci, administrator: true }], /\(ci\) must not list channels/],
    ['no channel', [{ ...ci, channels: ['../x'] }], /\(ci\) must name channels/],
    ['a file that is not there', [{ ...ci, secretAccessKeyFile: 'no' }], /\(ci\) names .*no cannot be read \(ENOENT\)/],
  ])('is refused with %s', (_, value, expected) => {
    expect(() => read(value)).toThrow(expected);
  });

  it('is refused with a secret that is short, or a directory', () => {
    secretFile('ci.key', 'short');
    expect(() => read([ci])).toThrow(/\(ci\) needs a secret of at least 16 characters/);
    mkdirSync(join(directory.path, 'd'));
    expect(() => read([{ ...ci, secretAccessKeyFile: 'd' }])).toThrow(/d is not a regular file/);
  });

  it('is read or refused in a sentence, whatever is in it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toBeInstanceOf(BadSetting);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the rights of a publisher', () => {
  const of = (rights: object) => ({
    ...ci,
    secretAccessKey: 's',
    channels: [],
    promotions: [],
    administrator: false,
    ...rights,
  });
  const may = (rights: object, method: string, path: string): boolean | undefined => {
    const matched = matchRoute(method, path);
    return matched && isAllowed(of(rights), matched);
  };
  const one = { channels: ['one'] };

  it.each([
    ['GET', '/publish/channels/one', true],
    ['POST', '/publish/channels/one/releases', true],
    ['GET', '/publish/channels/one/uploads/x', true],
    ['POST', '/publish/channels/one-small/releases', false],
    ['GET', '/publish/channels/other', false],
    ['GET', '/publish/channels/one%2Freleases', false],
    ['POST', '/publish/channels/one%2F..%2Fother/releases', false],
    ['POST', '/publish/promotions/one/two', false],
    ['POST', '/publish/retirements/one', false],
    ['POST', '/publish/pins/one', false],
    ['POST', '/publish/takedowns/one', false],
    ['GET', '/publish/catalog', false],
    ['POST', '/publish/doctor', false],
  ])('for the channel "one": %s %s is %s', (method, path, expected) => {
    expect(may(one, method, path)).toBe(expected);
  });

  it.each([
    ['/publish/retirements/one', true],
    ['/publish/pins/one', true],
    ['/publish/takedowns/one', false],
    ['/publish/retirements/other', false],
    ['/publish/retirements/one-small', false],
    ['/publish/retirements/one%2F..%2Fother', false],
    ['/publish/pins/other', false],
    ['/publish/channels/one/yank', true],
    ['/publish/catalog', false],
  ])('for the channel "one" with the right to retire: POST %s is %s', (path, expected) => {
    expect(may({ ...one, retire: true }, 'POST', path)).toBe(expected);
  });

  it('for a promotion are that pair, in that direction', () => {
    const rights = { promotions: [{ from: 'a', to: 'b' }] };
    expect(may(rights, 'POST', '/publish/promotions/a/b')).toBe(true);
    expect(may(rights, 'POST', '/publish/promotions/b/a')).toBe(false);
    expect(may(rights, 'POST', '/publish/promotions/a/b%2Fc')).toBe(false);
    expect(may(rights, 'GET', '/publish/channels/a')).toBe(false);
  });

  it('of an administrator are every publish route, and without publishers there are none', () => {
    const publishing = routes.filter(({ authorization }) => authorization === 'iam');
    const keys = keysOfPublishers(undefined);
    expect(keys.closed).toMatch(/--publishers FILE/);
    for (const route of publishing) {
      const matched = { route, pathParameters: { channel: 'x', id: 'i', from: 'a', to: 'b' } };
      expect(isAllowed(of({ administrator: true }), matched)).toBe(true);
      expect(keys.refuse?.('CI', matched)).toMatch(/may not send/);
    }
    expect(keys.secretOf('CI')).toBe(undefined);
  });
});
