import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type BuildOptions, build } from 'esbuild';
import { liblzmaFile } from '../lib/nar/xz/liblzma.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

const require = createRequire(import.meta.url);

rmSync('dist', { recursive: true, force: true });

const options = {
  outdir: 'dist',
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
} satisfies BuildOptions;

/** The command, which needs only Node 20 or newer. What a command does not use, stays in chunks that it does not load. */
const command = await build({
  ...options,
  entryPoints: ['bin/channelctl.ts'],
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
});

/** The server is one file, which is copied to where it runs. */
const server = await build({ ...options, entryPoints: ['bin/server.ts'] });

const outputs = { ...command.metafile.outputs, ...server.metafile.outputs };
writeFileSync('dist/THIRD-PARTY-NOTICES.txt', thirdPartyNotices({ outputs }, '.'));
