import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** A number of bytes as an option's value: `1GiB`, `500MiB` or a plain number. */
export function byteSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})(|KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  const size = Number(digits) * (units[unit] ?? 0);
  if (digits === '' || size === 0 || !Number.isSafeInteger(size))
    throw new InvalidArgumentError('It must be a size such as 1GiB, 500MiB or a number of bytes.');
  return size;
}
