import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunction } from '../../../lib/stack/bundle-function.ts';
import { heavyModules, loadedBytes } from '../../support/lean-bundle.ts';
import type { BenchPart } from '../bench-part.ts';

export const benchBundle: BenchPart = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nix-channel-bundle-'));
  try {
    const serve = join(directory, 'serve');
    await mkdir(serve);
    const metafile = bundleFunction('serve', serve);
    return {
      values: {
        'serve: code that an open service loads': loadedBytes('open', metafile) / 1_000,
        'serve: code that a service with tokens loads': loadedBytes('private', metafile) / 1_000,
        'serve: heavy modules in the bundle': heavyModules(metafile).length,
      },
      details: [],
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
