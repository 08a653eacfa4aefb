import { isBuiltin } from 'node:module';
import type { Metafile } from 'esbuild';

/** As the stack bundles its functions (lib/stack/functions.ts), and all of it kept in memory. */
export const leanBundling = {
  bundle: true,
  write: false as const,
  metafile: true as const,
  minify: true,
  platform: 'node' as const,
  format: 'esm' as const,
  target: 'node24',
  mainFields: ['module', 'main'],
};

const maximumBytes = 78_000;

// Any client of the SDK, every provider of credentials with its dependencies, and zod.
const heavyPackage =
  /(?:^|\/)node_modules\/(@aws-sdk\/(?:client-[^/]+|credential-providers?(?:-[^/]+)?|token-providers|nested-clients)|@smithy\/credential-provider-[^/]+|zod)\//;

const bare = (module: string): string => module.replace(/^node:/, '');

/**
 * What makes a bundle of the read function too heavy, as sentences; none when it is lean. A metafile's `inputs` name files
 * that tree shaking dropped again, so only its outputs count.
 */
export function heavyFindings(metafile: Metafile): readonly string[] {
  return Object.values(metafile.outputs).flatMap(({ bytes, imports, inputs }) => {
    const external = imports.filter((entry) => entry.external).map(({ path }) => path);
    const packages = Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .flatMap(([path]) => heavyPackage.exec(path)?.[1] ?? []);
    return [
      ...(bytes > maximumBytes ? [`is ${bytes} bytes, more than ${maximumBytes}`] : []),
      ...external.filter((module) => !isBuiltin(module)).map((module) => `leaves ${module} external`),
      ...external.filter((module) => bare(module) === 'http').map((module) => `imports ${module}`),
      ...[...new Set(packages)].sort().map((name) => `contains ${name}`),
    ];
  });
}
