import { heavyFindings } from '../../support/lean-bundle.ts';
import type { BenchPart } from '../bench-part.ts';
import { bundleServe } from '../bundle-serve.ts';

export const benchBundle: BenchPart = async () => {
  const { metafile } = await bundleServe();
  const [output] = Object.values(metafile.outputs);
  if (output === undefined) throw new Error('esbuild made nothing');
  // Its size has a row of its own.
  const heavy = heavyFindings({ ...metafile, outputs: { bundle: { ...output, bytes: 0 } } });
  return {
    values: { 'serve: minified bundle': output.bytes / 1_000, 'serve: heavy modules in the bundle': heavy.length },
    details: [],
  };
};
