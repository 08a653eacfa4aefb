import { expect, it } from '@jest/globals';
import { bundleHash, writtenHash } from '../../bin/flake-hash.ts';

it('the hash in nix/bundles.json is that of the bundles; if not, run "npm run flake:hash"', async () => {
  expect(await bundleHash()).toBe(writtenHash());
});
