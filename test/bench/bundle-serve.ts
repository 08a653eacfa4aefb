import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';
import { leanBundling } from '../support/lean-bundle.ts';

/** The read function's code, bundled as the stack bundles it (lib/stack/channel-function.ts). */
export const bundleServe = (outfile = 'index.mjs'): Promise<BuildResult<{ write: false; metafile: true }>> =>
  build({
    entryPoints: ['lambda/serve/main.ts'],
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    outfile,
    ...leanBundling,
  });
