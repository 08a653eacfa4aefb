import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { compressed } from '../../../lib/nar/pack/pack-directory.ts';
import { cached } from '../cache.ts';
import { type EntryOrder, sourceTar } from './source-tar.ts';

/** 70,000 files and directories; the recipe's number is in the cached name. */
const recipe = 2;
const shape = { directories: 1_400, filesEach: 49 };
// One block, and the window and the presets of xz -6, so that it decodes as a file of xz -6 does; a match finder that looks
// less far makes it in a third of the time.
const xzArguments = ['-T1', '-c', '--lzma2=preset=6,mf=bt4,nice=32,depth=4'];

async function byProgram(xz: string, path: string, order: EntryOrder): Promise<void> {
  const output = await open(path, 'w');
  try {
    const child = spawn(xz, xzArguments, { stdio: ['pipe', output.fd, 'inherit'] });
    const ended = once(child, 'close');
    await pipeline(Readable.from(sourceTar(shape, order)), child.stdin as NodeJS.WritableStream);
    const [code] = await ended;
    if (code !== 0) throw new Error(`xz ended with ${code}`);
  } finally {
    await output.close();
  }
}

const builtIn = (path: string, order: EntryOrder): Promise<void> =>
  pipeline(compressed(sourceTar(shape, order), '.tar.xz', new AbortController().signal), createWriteStream(path));

/** A .tar.xz of some 50 MB that unpacks to some 400 MB. */
export function sourceArchive(
  xz: string | undefined,
  tell: (text: string) => void,
  order: EntryOrder = 'git-revision last',
): Promise<string> {
  const name = order === 'in order' ? `source-in-order-${recipe}` : `source-${recipe}`;
  return cached(`${name}.tar.xz`, (path) => {
    tell('making a .tar.xz of 70,000 entries, once: this takes some minutes\n');
    return xz === undefined ? builtIn(path, order) : byProgram(xz, path, order);
  });
}
