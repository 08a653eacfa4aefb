import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { resolve } from 'node:path';
import type { Loader, Plugin } from 'esbuild';

/**
 * Takes Node's modules from `process.getBuiltinModule` (Node 20.16). An `import` of one runs its getters: that of node:http
 * loads undici (nodejs/node#59686), and that of node:process opens standard input. docs/performance.md has the figures.
 */
export const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z]/ }, ({ path, importer }) => {
      if (!isBuiltin(path)) return undefined;
      // Only for subcommands that are programs of their own; we have none.
      const isUnused = path === 'node:child_process' && /\/commander\//.test(importer);
      return { path: isUnused ? 'nothing' : path, namespace: 'builtin' };
    });
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: path === 'nothing' ? '' : `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/**
 * Puts what every command loads while it starts into one file: each further file takes about a millisecond. Whatever is
 * imported on demand imports that file as well, so the bundler does not divide it by who else uses which part.
 */
export const oneStart: Plugin = {
  name: 'one start',
  setup(bundler) {
    const start = resolve('lib/client/program.ts');
    const late = new Set<string>();
    bundler.onResolve({ filter: /^/ }, async ({ kind, path, ...from }) => {
      if (kind === 'dynamic-import')
        late.add((await bundler.resolve(path, { ...from, kind: 'import-statement' })).path);
      return undefined;
    });
    bundler.onLoad({ filter: /^/, namespace: 'file' }, ({ path }) =>
      late.has(path)
        ? {
            contents: `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(start)};`,
            loader: (path.endsWith('.ts') ? 'ts' : 'js') satisfies Loader,
          }
        : undefined,
    );
  },
};
