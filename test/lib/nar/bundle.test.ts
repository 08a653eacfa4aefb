import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import { liblzmaFile } from '../../../lib/nar/xz/liblzma.ts';
import { packed } from '../../support/nar/packed.ts';
import { referenceNarHash } from '../../support/nar/reference-nar.ts';
import { tar, top } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const root = new URL('../../../', import.meta.url).pathname;
const wasm = readFileSync(createRequire(import.meta.url).resolve(liblzmaFile)).toString('base64');
const script = `import { inspectFile } from './lib/nar/inspect.ts';
const [, , path, spoolDirectory] = process.argv;
console.log(JSON.stringify(await inspectFile(path, { partSize: 1000000, spoolDirectory })));`;

describe('a bundle of one file', () => {
  it.each([
    ['not minified', {}],
    ['minified', { minify: true }],
    ['minified with names kept', { keepNames: true, minify: true }],
  ])('decodes xz in a thread without other files when it is %s', async (_, options) => {
    const outfile = join(temporary.directory, 'bundle.mjs');
    buildSync({
      stdin: { contents: script, resolveDir: root, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      define: { LIBLZMA_WASM_BASE64: JSON.stringify(wasm) },
      outfile,
      ...options,
    });
    const path = temporary.put('a.tar.xz', await packed(tar(...top)));
    const output = execFileSync(process.execPath, [outfile, path, temporary.spools], {
      cwd: temporary.directory,
      env: {},
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toMatchObject({ narHash: referenceNarHash({ a: 'x\n' }), entries: 1 });
  });
});
