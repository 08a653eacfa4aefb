import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** As the AWS runtime of Node.js 24 takes it: ES modules with nothing left outside but Node's own. */
export const bundling = {
  absWorkingDir: fromRoot('.'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
} as const satisfies BuildOptions;

export type FunctionName = 'serve' | 'publish' | 'delivery-key';

/** How the functions differ. */
const own: Readonly<Record<FunctionName, BuildOptions>> = {
  serve: {
    // What only some services need is loaded on demand, from files of its own.
    splitting: true,
    // Imported on demand by a part of the SDK that is left out. With splitting it would be written all the same.
    external: ['@smithy/core/event-streams'],
  },
  // The names of errors, for the log. In serve they would cost 3 KB.
  publish: { keepNames: true },
  'delivery-key': {},
};

/**
 * Bundles a function into a directory, with `handler` in index.mjs and the notices of the packages in its code. The same
 * sources make the same files in every checkout.
 */
export function bundleFunction(name: FunctionName, directory: string): Metafile {
  const { metafile } = buildSync({
    ...bundling,
    ...own[name],
    entryPoints: { index: `lambda/${name}/main.ts` },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    metafile: true,
  });
  // It names paths of this machine, so it must not be part of what is deployed.
  const described = join(directory, '..', `${name}.meta.json`);
  writeFileSync(described, JSON.stringify(metafile));
  const notices = join(directory, 'THIRD-PARTY-NOTICES.txt');
  execFileSync(process.execPath, [fromRoot('bin/third-party-notices.ts'), described, notices]);
  return metafile;
}
