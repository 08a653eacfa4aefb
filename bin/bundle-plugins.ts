import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { resolve } from 'node:path';
import type { Loader, Metafile, Plugin } from 'esbuild';

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
 * @param metafile of the same bundle without this plugin, which has what is imported on demand
 */
export function oneStart({ inputs }: Metafile): Plugin {
  const start = resolve('lib/client/program.ts');
  const imports = Object.values(inputs).flatMap((input) => input.imports);
  const late = new Set(imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => resolve(path)));
  return {
    name: 'one start',
    setup: ({ onLoad }) =>
      onLoad({ filter: /^/, namespace: 'file' }, ({ path }) =>
        late.has(path)
          ? {
              contents: `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(start)};`,
              loader: (path.endsWith('.ts') ? 'ts' : 'js') satisfies Loader,
            }
          : undefined,
      ),
  };
}
