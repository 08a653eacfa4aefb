import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { findPrograms } from '../../../lib/nar/decode/by-program.ts';
import { decoders } from '../../support/nar/decoders.ts';
import { packed } from '../../support/nar/packed.ts';
import { base256, directory, file, header, padded, pax, tar, top } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const fixtures = new URL('../../fixtures/nar/', import.meta.url).pathname;
const bombBegins = readFileSync(`${fixtures}bomb-begins.bz2`);
const bombGoesOn = readFileSync(`${fixtures}bomb-goes-on.bz2`);
const hundredGigabytes = Buffer.concat([bombBegins, ...Array<Buffer>(2200).fill(bombGoesOn)]);
const limits = { maxUnpacked: 60_000_000 };
const large = tar(...top, file('top/b', Buffer.alloc(30_000_000, 'abc')));
const largeXz = await packed(large);

describe('the digests of inspectFile', () => {
  const bytes = Buffer.from('0123456789');
  const sha256 = (text: string | Buffer, encoding: 'hex' | 'base64') =>
    createHash('sha256').update(text).digest(encoding);

  it('are of the whole file and of each part', async () => {
    const facts = await temporary.inspect(bytes, { partSize: 4 }, 'a.iso');
    expect(facts).toEqual({
      size: 10,
      sha256: sha256(bytes, 'hex'),
      partSha256s: ['0123', '4567', '89'].map((part) => sha256(part, 'base64')),
    });
  });

  it('have no empty part at the end, except for an empty file', async () => {
    expect((await temporary.inspect(bytes, { partSize: 5 }, 'a.iso')).partSha256s).toHaveLength(2);
    expect((await temporary.inspect(Buffer.alloc(0), {}, 'a.iso')).partSha256s).toEqual([sha256('', 'base64')]);
  });

  it('cover the whole compressed file, also what the decoder ignores', async () => {
    const archive = Buffer.concat([gzipSync(tar(...top)), Buffer.alloc(2_000_000, 'x')]);
    const facts = await temporary.inspect(archive, { partSize: 700_000 }, 'a.tgz');
    expect(facts).toMatchObject({ size: archive.length, sha256: sha256(archive, 'hex') });
    expect(facts.partSha256s[2]).toBe(sha256(archive.subarray(1_400_000), 'base64'));
  });

  it.each(['a.iso', 'a.tar.lz4', 'a.txz', 'tar', 'a.tar.gz.sig'])('are all that is returned for %s', async (name) => {
    expect(Object.keys(await temporary.inspect(tar(...top), {}, name))).toEqual(['size', 'sha256', 'partSha256s']);
  });

  it('come with reports of the progress', async () => {
    const seen: [number, number][] = [];
    await temporary.inspect(large, { onProgress: (done, total) => seen.push([done, total]) });
    expect(seen.at(-1)).toEqual([large.length, large.length]);
    expect(seen.length).toBeGreaterThan(10);
  });
});

describe.each(decoders)('inspectFile, decoding by %s', (_, programs) => {
  it('stops a bzip2 bomb at the limit', async () => {
    const start = performance.now();
    await expect(temporary.inspect(hundredGigabytes, { programs, limits })).rejects.toThrow(
      'unpacks to more than 57.2 MiB',
    );
    expect(performance.now() - start).toBeLessThan(60_000);
  });

  it('stops an xz bomb at the limit', async () => {
    const bomb = Buffer.concat(Array<Buffer>(50).fill(largeXz));
    await expect(temporary.inspect(bomb, { programs, limits })).rejects.toThrow('unpacks to more than 57.2 MiB');
  });

  it('refuses a bad entry at once, before the rest is decoded', async () => {
    const fifo = await packed(Buffer.concat([...top, header('top/p', { type: '6' })]));
    await expect(temporary.inspect(Buffer.concat([fifo, largeXz]), { programs })).rejects.toThrow(/is a fifo/);
  });

  it('does not fill the disk', async () => {
    let asked = 0;
    const freeBytes = () => (asked++ === 0 ? 1e12 : 1e6);
    const outcome = temporary.inspect(largeXz, { programs, freeBytes });
    await expect(outcome).rejects.toMatchObject({ name: 'LocalFailure', kind: 'no-space' });
    expect(asked).toBeGreaterThan(1);
  });

  it('stops when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const outcome = temporary.inspect(Buffer.concat(Array<Buffer>(30).fill(largeXz)), {
      programs,
      signal: stop.signal,
      onProgress: () => setTimeout(() => stop.abort(reason), 20),
    });
    await expect(outcome).rejects.toBe(reason);
  });
});

describe('inspectFile', () => {
  it('stops at a sparse header that stands for 100 GB', async () => {
    const size = `${100 * 2 ** 30}`;
    const sparse = pax({ 'GNU.sparse.size': size, 'GNU.sparse.name': 'top/s', 'GNU.sparse.map': `0,2,${size},0` });
    await expect(temporary.inspect(tar(...top, sparse, file('x', 'ab')))).rejects.toThrow(
      "The archive's entry 'top/s' makes the files grow to more than 20 GiB.",
    );
  });

  it('refuses a size that the archive does not have', async () => {
    const huge = header('top/b', { raw: { 124: base256(2n ** 52n) } });
    await expect(temporary.inspect(Buffer.concat([directory('top/'), huge, padded('x')]))).rejects.toThrow(
      /is cut off/,
    );
  });

  it('does not begin when the disk has no space', async () => {
    const outcome = temporary.inspect(tar(...top), { freeBytes: () => 1000 });
    await expect(outcome).rejects.toThrow(/^There is no space left in .* set TMPDIR/);
  });

  it('does not begin when it is already aborted', async () => {
    await expect(temporary.inspect(tar(...top), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it.each(['a.tar', 'a.iso'])('refuses %s when it grows while it is read', async (name) => {
    const path = temporary.put(name, large);
    let grown = false;
    const onProgress = () => {
      if (!grown) appendFileSync(path, 'more');
      grown = true;
    };
    await expect(temporary.inspectFile(path, { onProgress })).rejects.toMatchObject({ kind: 'changed' });
  });

  it('refuses a file that is replaced while it is read', async () => {
    const path = temporary.put('b.tar', tar(...top));
    const other = temporary.put('other.tar', tar(...top));
    const outcome = temporary.inspectFile(path, { onProgress: (done) => done > 0 && renameSync(other, path) });
    await expect(outcome).rejects.toMatchObject({ kind: expect.stringMatching('changed|unreadable') });
  });

  it('names the file that it cannot open', async () => {
    const absent = join(temporary.directory, 'absent.tar');
    await expect(temporary.inspectFile(absent)).rejects.toThrow(`${absent} cannot be read (ENOENT).`);
    mkdirSync(join(temporary.directory, 'folder.tar'));
    await expect(temporary.inspectFile(join(temporary.directory, 'folder.tar'))).rejects.toThrow(
      /is not a regular file/,
    );
    const path = temporary.put('c.tar', tar(...top));
    const outcome = temporary.inspectFile(path, { spoolDirectory: join(temporary.directory, 'nowhere') });
    await expect(outcome).rejects.toThrow(/^No temporary file can be made in .*nowhere \(ENOENT\)\.$/);
  });

  it('names a program that cannot be started', async () => {
    const outcome = temporary.inspect(largeXz, { programs: { xz: '/nowhere/xz' } });
    await expect(outcome).rejects.toThrow('The program /nowhere/xz cannot be started (ENOENT).');
  });
});

describe('findPrograms', () => {
  it('finds programs in absolute directories of the PATH, and only an xz of XZ Utils', async () => {
    const folder = join(temporary.directory, 'bin');
    mkdirSync(folder);
    symlinkSync(process.execPath, join(folder, 'xz'));
    symlinkSync(process.execPath, join(folder, 'bzip2'));
    expect(await findPrograms(`relative:${temporary.directory}/none:${folder}`)).toEqual({
      bzip2: join(folder, 'bzip2'),
    });
    expect(await findPrograms(undefined)).toEqual({});
  });
});
