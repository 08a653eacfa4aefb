import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { liblzmaFile } from '../../lib/nar/xz/liblzma.ts';

const require = createRequire(import.meta.url);

/** Writes the command as a single file, as a release has it. Returns its path. */
export async function bundleProgram(outfile: string): Promise<string> {
  await build({
    entryPoints: ['bin/channelctl.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    define: { LIBLZMA_WASM_BASE64: JSON.stringify(readFileSync(require.resolve(liblzmaFile)).toString('base64')) },
  });
  return outfile;
}
