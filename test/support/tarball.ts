import { directory, file, tar } from './nar/tar-blocks.ts';

/** A small archive that says a word, all its entries of one age; Nix takes a tar for what it is, whatever its name. */
export const tarball = (word: string, mtime = 1_800_000_000): Buffer =>
  tar(directory('source/', { mtime }), file('source/word', word, { mtime }));
