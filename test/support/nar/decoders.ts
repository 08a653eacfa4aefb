import { findPrograms } from '../../../lib/nar/decode/by-program.ts';
import type { Programs } from '../../../lib/nar/file.ts';

/** Of this machine. The tests need `bzip2` and `zstd`, and pass with and without `xz`. */
export const programs = await findPrograms(process.env.PATH);

const { xz: _, ...others } = programs;

export const withoutXz: Programs = others;

export const decoders: readonly [string, Programs][] = [
  ['what is built in and the program bzip2', withoutXz],
  ['the programs of this machine', programs],
];
