import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';

/** The read function's code, bundled as the stack bundles it (lib/stack/channel-function.ts). */
export const bundleServe = (outfile = 'index.mjs'): Promise<BuildResult<{ write: false; metafile: true }>> =>
  build({
    entryPoints: ['lambda/serve/main.ts'],
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    outfile,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
  });
