import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type PackEntry, statEntry } from '../../../../lib/nar/pack/entries.ts';
import { hasContentOf, isFileOfPointer, lfsPointers } from '../../../../lib/nar/pack/tracked.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

async function entry(name: string, content: string | Buffer): Promise<PackEntry> {
  temporary.file(name, content);
  return stat(name);
}

async function stat(name: string): Promise<PackEntry> {
  const found = await statEntry(temporary.path, name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
}

const start = 'version https://git-lfs.github.com/spec/v1\n';
const pointerOf = (content: string) =>
  `${start}oid sha256:${createHash('sha256').update(content).digest('hex')}\nsize ${Buffer.byteLength(content)}\n`;

describe('Git LFS pointers', () => {
  it('are small files that begin with the version line, whatever else they contain', async () => {
    const entries = [
      await entry('pointer', pointerOf('x')),
      await entry('with-extension', `${start}ext-0-x sha256:${'a'.repeat(64)}\noid sha256:${'b'.repeat(64)}\nsize 3\n`),
      await entry('full', start.padEnd(1024, 'x')),
      await entry('too-large', start.padEnd(1025, 'x')),
      await entry('of-another-version', pointerOf('x').replace('v1', 'v2')),
      await entry('about-pointers', `A pointer begins with\n${pointerOf('x')}`),
      await entry('empty', ''),
    ];
    symlinkSync(join(temporary.path, 'pointer'), join(temporary.path, 'link'));
    mkdirSync(join(temporary.path, 'directory'));
    const others = [await stat('link'), await stat('directory')];
    const found = await lfsPointers([...entries, ...others]);
    expect(found.map(({ path }) => path)).toEqual(['pointer', 'with-extension', 'full']);
  });

  it('are all found among many files', async () => {
    const entries: PackEntry[] = [];
    for (let index = 0; index < 150; index += 1)
      entries.push(await entry(`many-${index}`, index % 3 === 0 ? pointerOf('x') : 'x'.repeat(200)));
    expect(await lfsPointers(entries)).toEqual(entries.filter((_, index) => index % 3 === 0));
  });

  it('match only one content', async () => {
    const contents = fc.tuple(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(contents, async ([content, other]) => {
        const file = await entry('file', content);
        expect(await isFileOfPointer(file, Buffer.from(pointerOf(content)))).toBe(true);
        expect(await isFileOfPointer(file, Buffer.from(pointerOf(other)))).toBe(content === other);
        expect(await isFileOfPointer(file, Buffer.from(content))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('hasContentOf', () => {
  it.each([['sha1'], ['sha256']])('compares a file with a blob by its id in repositories with %s', async (format) => {
    const repository = join(temporary.path, format);
    execFileSync('git', ['init', '--quiet', `--object-format=${format}`, repository]);
    const id = (content: string) =>
      execFileSync('git', ['hash-object', '--stdin'], { cwd: repository, input: content, encoding: 'utf8' }).trim();
    for (const content of ['', 'x\n', 'ü'.repeat(100_000)]) {
      const file = await entry(`${format}-file`, content);
      expect(await hasContentOf(file, id(content))).toBe(true);
      expect(await hasContentOf(file, id(`${content}.`))).toBe(false);
    }
    symlinkSync('to/ü', join(temporary.path, `${format}-link`));
    expect(await hasContentOf(await stat(`${format}-link`), id('to/ü'))).toBe(true);
    expect(await hasContentOf(await stat(`${format}-link`), id('to/u'))).toBe(false);
  });
});
