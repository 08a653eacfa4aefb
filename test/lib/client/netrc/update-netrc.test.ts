import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { breakLock, withLock } from '../../../../lib/client/netrc/lock-file.ts';
import { updateNetrc } from '../../../../lib/client/netrc/update-netrc.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/temporary-directory.ts';

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
    ofSystem: false,
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
      message: `${path} is being changed by other processes, which hold ${lock}: run this again when they have ended.`,
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
        commit: async (step) => void steps.push(`write ${step}`),
      },
    );
    expect([prepared, steps]).toEqual([3, ['read', 'wait', 'read', 'write 3']]);
    expect(existsSync(lock)).toBe(false);
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
    const commit = async () => writeFileSync(lock, '2 other\n');
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
    const options = { dryRun: true, ofSystem: false, sleep: async () => {} };
    expect(await updateNetrc(path, credentials('b.test'), options)).toMatchObject({ status: 'added' });
  });
});
