import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { XzReadableStream } from 'xz-decompress';
import { demoRelease } from '../../../../lib/local/demo/demo-release.ts';

interface Entry {
  readonly name: string;
  readonly modified: number;
  readonly content: string;
}

/** The entries of an archive of plain ustar headers. */
function entriesOf(tar: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; tar[at] !== 0; ) {
    const text = (begin: number, length: number) =>
      tar.toString('utf8', at + begin, at + begin + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    const content = tar.toString('utf8', at + 512, at + 512 + size);
    entries.push({ name: text(0, 100), modified: Number.parseInt(text(136, 12), 8), content });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}

async function unpacked(): Promise<Entry[]> {
  const compressed = new Blob([await readFile(demoRelease.path)]).stream();
  return entriesOf(Buffer.from(await new Response(new XzReadableStream(compressed)).arrayBuffer()));
}

it('holds exactly what the folder beside it holds', async () => {
  const folder = fileURLToPath(new URL('../../../../lib/local/demo/flake', import.meta.url));
  const inFolder: [string, string][] = [['source/', '']];
  for (const entry of await readdir(folder, { recursive: true })) {
    const path = join(folder, entry);
    const directory = (await stat(path)).isDirectory();
    inFolder.push([
      `source/${relative(folder, path)}${directory ? '/' : ''}`,
      directory ? '' : await readFile(path, 'utf8'),
    ]);
  }
  const entries = (await unpacked()).map(({ name, content }) => [name, content]);
  expect(entries.toSorted()).toEqual(inFolder.toSorted());
});

it('has the modification time that is declared of it', async () => {
  expect(new Set((await unpacked()).map(({ modified }) => modified))).toEqual(new Set([demoRelease.lastModified]));
});
