import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { liblzmaFile } from '../lib/nar/xz/liblzma.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

const require = createRequire(import.meta.url);

/** The command as one file that needs nothing beside Node 20 or newer. */
const { metafile } = await build({
  entryPoints: ['bin/channelctl.ts'],
  outfile: 'dist/channelctl.js',
  bundle: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  // Some of the SDK's packages are CommonJS and ask for Node's modules at run time.
  banner: {
    js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
  },
  define: { LIBLZMA_WASM_BASE64: JSON.stringify(readFileSync(require.resolve(liblzmaFile)).toString('base64')) },
});
writeFileSync('dist/THIRD-PARTY-NOTICES.txt', thirdPartyNotices(metafile, '.'));
