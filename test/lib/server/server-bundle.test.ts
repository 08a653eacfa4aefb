import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { build, type Metafile } from 'esbuild';

const bundle = async (splitting: boolean): Promise<Metafile> => {
  const { metafile } = await build({
    bundle: true,
    metafile: true,
    write: false,
    splitting,
    outdir: 'out',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
    entryPoints: ['bin/server.ts'],
  });
  return metafile;
};

it('the stand-in of S3, the demo, the command and the stack are not in the server', async () => {
  const metafile = await bundle(false);
  const files = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);
  expect(files).toContain('lib/local/gateway/start-gateway.ts');
  expect(
    files.filter((path) =>
      /^lib\/(?:local\/(?:s3|edge|demo|start-|data-dir|chain-keys|publisher-keys)|client|stack|nar)/.test(path),
    ),
  ).toEqual([]);
});

/** The files of this checkout and the packages that a module loads with it, without what is loaded on demand. */
async function loadedWith(entry: string): Promise<readonly string[]> {
  const { outputs } = await bundle(true);
  const [first] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry) ?? [];
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && next in outputs) visit(next);
  };
  visit(first as string);
  const inputs = [...seen].flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}));
  const names = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path);
  return [...new Set(names)];
}

it.each([
  [
    'a worker',
    'lib/server/worker.ts',
    'lambda/serve/create-serve.ts',
    /^(?:@aws-sdk\/client-s3|zod|commander|lambda\/publish\/.*)$/,
  ],
  [
    'the primary process',
    'lib/server/program.ts',
    'commander',
    /^(?:@aws-sdk\/client-s3|lambda\/(?:serve|publish)\/.*)$/,
  ],
])('%s starts without the code of others, and without what publishes', async (_, entry, needed, unneeded) => {
  const loaded = await loadedWith(entry);
  expect(loaded).toContain(needed);
  expect(loaded.filter((name) => unneeded.test(name))).toEqual([]);
});
