import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { liblzmaFile } from '../lib/nar/xz/liblzma.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

const require = createRequire(import.meta.url);

rmSync('dist', { recursive: true, force: true });

/** The command, which needs only Node 20 or newer. What a command does not use, stays in chunks that it does not load. */
const { metafile } = await build({
  entryPoints: ['bin/channelctl.ts'],
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  bundle: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  // Some of the SDK's packages are CommonJS and call require for Node's modules.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
  define: { LIBLZMA_WASM_BASE64: JSON.stringify(readFileSync(require.resolve(liblzmaFile)).toString('base64')) },
});
writeFileSync('dist/THIRD-PARTY-NOTICES.txt', thirdPartyNotices(metafile, '.'));
