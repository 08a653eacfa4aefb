import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { demoRelease } from '../lib/local/demo/demo-release.ts';
import { liblzmaFile } from '../lib/nar/xz/liblzma.ts';
import checkout from '../package.json' with { type: 'json' };
import { builtins, oneStart } from './bundle-plugins.ts';
import { thirdPartyNotices } from './third-party-notices.ts';

const require = createRequire(import.meta.url);

/** The programs run on Node 20.16 and newer, and need no other package. */
const options = {
  bundle: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  plugins: [builtins],
  define: {
    LIBLZMA_WASM_BASE64: JSON.stringify(readFileSync(require.resolve(liblzmaFile)).toString('base64')),
    // The SDK warns of the Node that its next versions need. Whoever runs a bundle cannot choose its version.
    'process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED': '"true"',
  },
} satisfies BuildOptions;

/** The licences of this project and of all packages with code in the bundles. */
function writeLicences(folder: string, ...bundles: readonly { readonly metafile: Metafile }[]): void {
  const outputs = Object.assign({}, ...bundles.map(({ metafile }) => metafile.outputs));
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices({ outputs }, '.'));
  for (const file of ['LICENSE', 'NOTICE']) copyFileSync(file, join(folder, file));
}

/**
 * The package's own package.json. That of the checkout has scripts and packages for development, and Node 24 for `npm run`, which npm
 * would install for every user. npm refuses to publish provenance without the repository, which a release's workflow knows.
 */
function manifest({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: NodeJS.ProcessEnv): object {
  const { name, version, description, license, type, bin } = checkout;
  return {
    name,
    version,
    description,
    license,
    type,
    // process.getBuiltinModule
    engines: { node: '>=20.16' },
    bin: Object.fromEntries(Object.entries(bin).map(([program, path]) => [program, basename(path)])),
    ...(GITHUB_SERVER_URL && GITHUB_REPOSITORY
      ? { repository: { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` } }
      : {}),
  };
}

/** The folder of the npm package. */
async function bundlePackage(folder: string): Promise<void> {
  // What a command does not use, stays in chunks that it does not load.
  const divided = {
    ...options,
    outdir: folder,
    entryPoints: ['bin/channelctl.ts', 'bin/local.ts'],
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
  };
  const { metafile } = await build({ ...divided, write: false });
  const split = await build({ ...divided, plugins: [builtins, oneStart(metafile)] });
  // The server is one file, which is copied to where it runs.
  const server = await build({ ...options, outdir: folder, entryPoints: ['bin/server.ts'] });
  copyFileSync(demoRelease.path, join(folder, basename(demoRelease.path)));
  copyFileSync('docs/npm.md', join(folder, 'README.md'));
  // The help of the programs names these pages.
  const isPage = (path: string): boolean => path === 'docs' || path.endsWith('.md');
  cpSync('docs', join(folder, 'docs'), { recursive: true, filter: isPage });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(process.env), null, 2)}\n`);
  writeLicences(folder, split, server);
}

/** A folder for each program that runs as a single file, as a release offers it. */
async function bundleSingleFiles(folder: string): Promise<void> {
  const programs = { channelctl: 'bin/channelctl.ts', 'nix-channel-server': 'bin/server.ts' };
  for (const [program, entry] of Object.entries(programs)) {
    const own = join(folder, `${program}-${checkout.version}`);
    mkdirSync(own, { recursive: true });
    writeLicences(own, await build({ ...options, outfile: join(own, `${program}.mjs`), entryPoints: [entry] }));
  }
}

/** Usage: bundle-channelctl.ts [--single-files] [FOLDER], with a new folder. */
const { values, positionals } = parseArgs({ options: { 'single-files': { type: 'boolean' } }, allowPositionals: true });
const [folder = 'dist'] = positionals;
if (positionals.length === 0) rmSync(folder, { recursive: true, force: true });
await (values['single-files'] === true ? bundleSingleFiles(folder) : bundlePackage(folder));
