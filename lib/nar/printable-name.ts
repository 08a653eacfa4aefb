const longest = 200;

/**
 * Bytes kept as a latin1 string, as a terminal may show them: UTF-8 where they are UTF-8, everything that moves the cursor or
 * hides itself as an escape.
 */
export function printableName(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  const text = buffer.toString('utf8');
  const shown = Buffer.from(text, 'utf8').equals(buffer)
    ? text.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, escaped)
    : bytes.replace(/[^\x20-\x5b\x5d-\x7e]/g, byteEscaped);
  const points = Array.from(shown);
  return points.length <= longest ? shown : `${points.slice(0, longest).join('')}…`;
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (character === '\\') return '\\\\';
  return point < 0x100 ? byteEscaped(character) : `\\u{${point.toString(16)}}`;
}

function byteEscaped(character: string): string {
  return character === '\\' ? '\\\\' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
