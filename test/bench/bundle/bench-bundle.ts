import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { heavyFindings } from '../../support/lean-bundle.ts';
import type { BenchPart } from '../bench-part.ts';

/** The read function's code, bundled as the stack bundles it (lib/stack/channel-function.ts). */
export const benchBundle: BenchPart = async () => {
  const { metafile } = await build({
    entryPoints: ['lambda/serve/main.ts'],
    absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
    outfile: 'index.mjs',
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
  });
  const [output] = Object.values(metafile.outputs);
  if (output === undefined) throw new Error('esbuild made nothing');
  // Its size has a row of its own.
  const heavy = heavyFindings({ ...metafile, outputs: { bundle: { ...output, bytes: 0 } } });
  return {
    values: { 'serve: minified bundle': output.bytes / 1_000, 'serve: heavy modules in the bundle': heavy.length },
    details: [],
  };
};
