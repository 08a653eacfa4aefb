import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { build } from 'esbuild';

it('the stand-in of S3, the demo, the command and the stack are not in the server', async () => {
  const { metafile } = await build({
    bundle: true,
    metafile: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
    entryPoints: ['bin/server.ts'],
  });
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
