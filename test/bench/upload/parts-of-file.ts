import type { PartUrl } from '../../../lib/api/answers.ts';

export const mebibyte = 1024 * 1024;
export const partSize = 16 * mebibyte;

/** The parts of a file, as a sink takes them. */
export const partsOf = (size: number, origin: string): readonly PartUrl[] =>
  Array.from({ length: Math.ceil(size / partSize) }, (_, index) => ({
    partNumber: index + 1,
    url: `${origin}/${index + 1}`,
    headers: { 'content-length': String(Math.min(partSize, size - index * partSize)) },
  }));
