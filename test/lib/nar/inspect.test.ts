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

describe('the digests of a file', () => {
  const bytes = Buffer.from('0123456789');
  const sha256 = (text: string | Buffer, encoding: 'hex' | 'base64') =>
    createHash('sha256').update(text).digest(encoding);

  it('are those of the whole and of its parts', async () => {
    const facts = await temporary.inspect(bytes, { partSize: 4 }, 'a.iso');
    expect(facts).toEqual({
      size: 10,
      sha256: sha256(bytes, 'hex'),
      partSha256s: ['0123', '4567', '89'].map((part) => sha256(part, 'base64')),
    });
  });

  it('have no empty part at the end, and one of an empty file', async () => {
    expect((await temporary.inspect(bytes, { partSize: 5 }, 'a.iso')).partSha256s).toHaveLength(2);
    expect((await temporary.inspect(Buffer.alloc(0), {}, 'a.iso')).partSha256s).toEqual([sha256('', 'base64')]);
  });

  it('are of the compressed file, with what the decoder ignores', async () => {
    const archive = Buffer.concat([gzipSync(tar(...top)), Buffer.alloc(2_000_000, 'x')]);
    const facts = await temporary.inspect(archive, { partSize: 700_000 }, 'a.tgz');
    expect(facts).toMatchObject({ size: archive.length, sha256: sha256(archive, 'hex') });
    expect(facts.partSha256s[2]).toBe(sha256(archive.subarray(1_400_000), 'base64'));
  });

  it.each(['a.iso', 'a.tar.lz4', 'a.txz', 'tar', 'a.tar.gz.sig'])('are all that is known of %s', async (name) => {
    expect(Object.keys(await temporary.inspect(tar(...top), {}, name))).toEqual(['size', 'sha256', 'partSha256s']);
  });

  it('come with the progress', async () => {
    const seen: [number, number][] = [];
    await temporary.inspect(large, { onProgress: (done, total) => seen.push([done, total]) });
    expect(seen.at(-1)).toEqual([large.length, large.length]);
    expect(seen.length).toBeGreaterThan(10);
  });
});

describe.each(decoders)('something harmful, decoded by %s,', (_, programs) => {
  it('as a bzip2 bomb is stopped at the limit', async () => {
    const start = performance.now();
    await expect(temporary.inspect(hundredGigabytes, { programs, limits })).rejects.toThrow(
      'unpacks to more than 57.2 MiB',
    );
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('as an xz bomb is stopped at the limit', async () => {
    const bomb = Buffer.concat(Array<Buffer>(50).fill(largeXz));
    await expect(temporary.inspect(bomb, { programs, limits })).rejects.toThrow('unpacks to more than 57.2 MiB');
  });

  it('is refused at once where it begins, before all of it is decoded', async () => {
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

  it('ends when it is told to', async () => {
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

describe('looking at a file', () => {
  it('stops at a sparse header that stands for 100 GB', async () => {
    const size = `${100 * 2 ** 30}`;
    const sparse = pax({ 'GNU.sparse.size': size, 'GNU.sparse.name': 'top/s', 'GNU.sparse.map': `0,2,${size},0` });
    await expect(temporary.inspect(tar(...top, sparse, file('x', 'ab')))).rejects.toThrow(
      "The archive's entry 'top/s' makes the files grow to more than 20 GiB.",
    );
  });

  it('does not believe a size that is not there', async () => {
    const huge = header('top/b', { raw: { 124: base256(2n ** 52n) } });
    await expect(temporary.inspect(Buffer.concat([directory('top/'), huge, padded('x')]))).rejects.toThrow(
      /is cut off/,
    );
  });

  it('does not begin where the disk has no room', async () => {
    const outcome = temporary.inspect(tar(...top), { freeBytes: () => 1000 });
    await expect(outcome).rejects.toThrow(/^There is no space left in .* set TMPDIR/);
  });

  it('does not begin when it was told to end before', async () => {
    await expect(temporary.inspect(tar(...top), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it.each(['a.tar', 'a.iso'])('refuses %s when it grows meanwhile', async (name) => {
    const path = temporary.put(name, large);
    let grown = false;
    const onProgress = () => {
      if (!grown) appendFileSync(path, 'more');
      grown = true;
    };
    await expect(temporary.inspectFile(path, { onProgress })).rejects.toMatchObject({ kind: 'changed' });
  });

  it('refuses a file that is replaced meanwhile', async () => {
    const path = temporary.put('b.tar', tar(...top));
    const other = temporary.put('other.tar', tar(...top));
    const outcome = temporary.inspectFile(path, { onProgress: (done) => done > 0 && renameSync(other, path) });
    await expect(outcome).rejects.toMatchObject({ kind: expect.stringMatching('changed|unreadable') });
  });

  it('says what it cannot open', async () => {
    const absent = join(temporary.directory, 'absent.tar');
    await expect(temporary.inspectFile(absent)).rejects.toThrow(`${absent} cannot be read (ENOENT).`);
    mkdirSync(join(temporary.directory, 'folder.tar'));
    await expect(temporary.inspectFile(join(temporary.directory, 'folder.tar'))).rejects.toThrow(/is no regular file/);
    const path = temporary.put('c.tar', tar(...top));
    const outcome = temporary.inspectFile(path, { spoolDirectory: join(temporary.directory, 'nowhere') });
    await expect(outcome).rejects.toThrow(/^No temporary file can be made in .*nowhere \(ENOENT\)\.$/);
  });

  it('says when a program is gone', async () => {
    const outcome = temporary.inspect(largeXz, { programs: { xz: '/nowhere/xz' } });
    await expect(outcome).rejects.toThrow('The program /nowhere/xz cannot be started (ENOENT).');
  });
});

describe('the programs', () => {
  it('are found along the path, where they are what they are called', async () => {
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
