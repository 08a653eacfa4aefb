import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFileWhole } from '../../../../lib/client/files.ts';
import { netrcEntry } from '../../../../lib/client/netrc/parse.ts';
import { breakLock, mergeNetrc, updateNetrc, withLock } from '../../../../lib/client/netrc/update.ts';
import { InvalidInput } from '../../../../lib/domain/problem.ts';
import { anyNetrc } from '../../../support/any-netrc.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/temporary-directory.ts';

describe('mergeNetrc', () => {
  const credentials = { host: 'a.test', login: 'token', password: 'e.y.J' };
  const line = 'machine a.test login token password e.y.J\n';
  const merged = (text: string) => mergeNetrc(text, credentials);

  describe('credentials merged into a netrc file', () => {
    it.each([
      ['are the whole of an empty one', '', line],
      ['come before other hosts', 'machine b.test login x password y\n', `${line}machine b.test login x password y\n`],
      ['come before a default', 'default login x password y', `${line}default login x password y`],
      ['come before a macro without an end', 'macdef m\nx', `${line}macdef m\nx`],
      [
        'come before a default that hides an entry',
        'default login x password y\nmachine a.test login 1 password 2\n',
        `${line}default login x password y\nmachine a.test login 1 password 2\n`,
      ],
      [
        'take the place of others, and nothing else changes',
        '# mine\nmachine a.test\r\n\tlogin  "o l d" # a comment\n\taccount z password old\nmachine b.test login x password y',
        '# mine\nmachine a.test\r\n\tlogin  token # a comment\n\taccount z password e.y.J\nmachine b.test login x password y',
      ],
      ['get a login where none was', 'machine a.test password old', 'machine a.test login token password e.y.J'],
      ['get a password where none was', 'machine a.test\nlogin x', 'machine a.test password e.y.J\nlogin token'],
      ['stand in for all of an entry', 'machine A.TEST', 'machine A.TEST login token password e.y.J'],
      [
        'stay apart from what follows a quote',
        'machine "a.test"account x password "old"account y',
        'machine "a.test" login token account x password e.y.J account y',
      ],
      [
        'change the first entry alone',
        'machine a.test login 1 password 1\nmachine a.test login 2 password 2\n',
        'machine a.test login token password e.y.J\nmachine a.test login 2 password 2\n',
      ],
    ])('%s', (_, before, after) => {
      expect(merged(before)).toBe(after);
    });

    const sound = (text: string): string | undefined => {
      try {
        return merged(text);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
        return undefined;
      }
    };

    it('are what the host gets, other hosts get what they got, and merging them again changes nothing', () => {
      fc.assert(
        fc.property(anyNetrc, (text) => {
          const after = sound(text);
          if (after === undefined) return;
          expect(netrcEntry(after, 'a.test')).toEqual({ isDefault: false, login: 'token', password: 'e.y.J' });
          expect(merged(after)).toBe(after);
        }),
        { numRuns: 1_000 },
      );
    });

    const other = fc.constantFrom(
      'machine b.test login x password y\n',
      'machine b.test\n  login x # c\n  password "y z"\n',
      '# a comment about a.test\n',
      'macdef init\nmachine a.test login no password no\n\n',
      '\n',
    );
    const own = fc.constantFrom('', 'machine a.test login old password old\n', 'machine a.test\n\tpassword "o l d"\n');
    const end = fc.constantFrom('', 'default login any password one\n');

    it('leave every other line as it is, byte for byte', () => {
      fc.assert(
        fc.property(fc.array(other), own, fc.array(other), end, (before, entry, after, last) => {
          const text = [...before, entry, ...after, last].join('');
          const result = merged(text);
          if (entry === '') expect(result).toBe(line + text);
          else {
            expect(result.startsWith(before.join(''))).toBe(true);
            expect(result.endsWith(after.join('') + last)).toBe(true);
          }
          for (const host of ['b.test', 'c.test']) expect(netrcEntry(result, host)).toEqual(netrcEntry(text, host));
        }),
      );
    });
  });
});

describe('updateNetrc', () => {
  let directory: TemporaryDirectory;
  let path: string;
  let lock: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, 'netrc');
    lock = `${path}.lock`;
  });
  afterEach(() => directory.remove());

  const hosts = Array.from({ length: 6 }, (_, index) => `host-${index}.test`);
  const credentials = (host: string) => ({ host, login: 'token', password: `of-${host}` });
  const update = (host: string, sleep: (ms: number) => Promise<unknown> = () => wait(1), at = path) =>
    updateNetrc(at, credentials(host), {
      dryRun: false,
      isSystemFile: false,
      sleep: async (ms) => {
        await sleep(ms);
      },
    });
  const linesOf = () => readFileSync(path, 'utf8').trimEnd().split('\n').sort();
  const lineOf = (host: string) => `machine ${host} login token password of-${host}`;

  describe('several updates of one netrc file at once', () => {
    it('lose no entry, and leave no other file', async () => {
      const updates = await Promise.all(hosts.map((host) => update(host)));
      expect(updates.map(({ status }) => status)).toEqual(hosts.map(() => 'added'));
      expect(linesOf()).toEqual(hosts.map(lineOf).sort());
      expect(readdirSync(directory.path)).toEqual(['netrc']);
    });

    it('lose none where some know the file by a link', async () => {
      directory.file('netrc', '');
      const links = join(directory.path, 'links');
      mkdirSync(links);
      symlinkSync(path, join(links, 'netrc'));
      await Promise.all(hosts.map((host, index) => update(host, undefined, index % 2 ? join(links, 'netrc') : path)));
      expect(linesOf()).toEqual(hosts.map(lineOf).sort());
      expect(readdirSync(links)).toEqual(['netrc']);
    });

    it('lose none where all of them find the lock of a process that was killed', async () => {
      directory.file('netrc.lock', '1 killed\n');
      await Promise.all(hosts.map((host) => update(host)));
      expect(linesOf()).toEqual(hosts.map(lineOf).sort());
      expect(readdirSync(directory.path)).toEqual(['netrc']);
    });
  });

  describe('the lock of a netrc file', () => {
    it.each(['1 killed\n', ''])(
      'that stays %j for five seconds is of a process that was killed, and is removed',
      async (left) => {
        directory.file('netrc.lock', left);
        let waitedMs = 0;
        await update('a.test', async (ms) => {
          waitedMs += ms;
          expect(readFileSync(lock, 'utf8')).toBe(left);
        });
        expect(waitedMs).toBe(5_000);
        expect(linesOf()).toEqual([lineOf('a.test')]);
        expect(readdirSync(directory.path)).toEqual(['netrc']);
      },
    );

    it('is waited for, and what its holder wrote stays', async () => {
      directory.file('netrc.lock', '1 busy\n');
      let waits = 0;
      const { status } = await update('a.test', async () => {
        waits += 1;
        if (waits < 3) return;
        directory.file('netrc', `${lineOf('a.test')}-before\n${lineOf('b.test')}\n`);
        rmSync(lock);
      });
      expect([status, waits]).toEqual(['changed', 3]);
      expect(linesOf()).toEqual([lineOf('a.test'), lineOf('b.test')]);
    });

    it('that goes from one process to another is never taken from them, and the file and the lock are named in the end', async () => {
      let waitedMs = 0;
      const next = () => directory.file('netrc.lock', `${waitedMs}\n`);
      next();
      const failed = update('a.test', async (ms) => {
        waitedMs += ms;
        next();
      });
      await expect(failed).rejects.toMatchObject({
        status: 409,
        message: `${path} is being changed by another process, which holds ${lock}: run the same command again when it has ended.`,
      });
      expect([waitedMs, readdirSync(directory.path)]).toEqual([15_000, ['netrc.lock']]);
    });

    it('that was lost while the file was read is taken again, and the file is read again, before anything is written', async () => {
      const steps: string[] = [];
      const prepared = await withLock(
        path,
        async () => {
          steps.push('wait');
          rmSync(lock);
        },
        {
          prepare: async () => {
            steps.push('read');
            // Another process took the lock from this one, which was suspended.
            if (steps.length === 1) writeFileSync(lock, '2 other\n');
            return steps.length;
          },
          commit: async (step, isHeld) => {
            const isDone = await isHeld();
            if (isDone) steps.push(`write ${step}`);
            return isDone;
          },
        },
      );
      expect([prepared, steps]).toEqual([3, ['read', 'wait', 'read', 'write 3']]);
      expect(existsSync(lock)).toBe(false);
    });

    it('that is lost while the new file is written keeps the entry of the process that took it', async () => {
      directory.file('netrc', '');
      let writes = 0;
      const prepared = await withLock(path, async () => rmSync(lock), {
        prepare: async () => readFileSync(path, 'utf8'),
        commit: (text, isHeld) =>
          writeFileWhole(path, { content: `${text}mine\n`, mode: 0o600, replace: true }, async () => {
            writes += 1;
            // Another process takes the lock while this one waits for its disk, and changes the file.
            if (writes === 1) {
              writeFileSync(lock, '2 other\n');
              writeFileSync(path, 'other\n');
            }
            return isHeld();
          }),
      });
      expect([prepared, readFileSync(path, 'utf8'), writes]).toEqual(['other\n', 'other\nmine\n', 2]);
      expect(readdirSync(directory.path)).toEqual(['netrc']);
    });

    it.each([
      ['stale', []],
      ['new', ['netrc.lock']],
      [undefined, []],
    ])('is removed as stale only where it is still the same: it is %s', async (there, left) => {
      if (there !== undefined) directory.file('netrc.lock', there);
      await breakLock(lock, 'stale');
      expect(readdirSync(directory.path)).toEqual(left);
      if (there === 'new') expect(readFileSync(lock, 'utf8')).toBe('new');
    });

    it("that is another process's by then is left where it is", async () => {
      const commit = async () => {
        writeFileSync(lock, '2 other\n');
        return true;
      };
      await withLock(path, async () => {}, { prepare: async () => {}, commit });
      expect(readFileSync(lock, 'utf8')).toBe('2 other\n');
    });

    it('that cannot be made is named, and the file with it', async () => {
      mkdirSync(lock);
      await expect(update('a.test')).rejects.toMatchObject({
        message: `${path} cannot be locked by ${lock}: it is a directory.`,
      });
      expect(readdirSync(directory.path)).toEqual(['netrc.lock']);
    });

    it('is not needed where nothing is to be written', async () => {
      await update('a.test');
      mkdirSync(lock);
      expect(await update('a.test')).toMatchObject({ status: 'unchanged' });
      const options = { dryRun: true, isSystemFile: false, sleep: async () => {} };
      expect(await updateNetrc(path, credentials('b.test'), options)).toMatchObject({ status: 'added' });
    });
  });
});
