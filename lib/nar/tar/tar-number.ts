/**
 * A number of a tar header: octal digits (POSIX), or base 256 where the first bit is set (GNU, star). Undefined when it is neither or
 * not a safe integer.
 */
export function tarNumber(field: Uint8Array): number | undefined {
  const first = field[0] ?? 0;
  return first & 0x80 ? base256(field, first) : octal(field);
}

function base256(field: Uint8Array, first: number): number | undefined {
  let value = first & 0x40 ? first - 0x100 : first & 0x3f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}

function octal(field: Uint8Array): number | undefined {
  let at = 0;
  while (field[at] === 0x20) at++;
  let value = 0;
  for (; at < field.length; at++) {
    const byte = field[at] ?? 0;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}
