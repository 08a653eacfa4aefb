/** Rows of cells in columns; as many columns as the first row has are aligned. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** What was laid out over several lines, as one. */
export const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');

/**
 * What an API, a bucket or an archive holds may be anything. Before it is printed, this takes away what a terminal obeys or what
 * changes the order of the text around it: control characters, bidirectional controls, and separators of lines.
 */
export const escapeControls = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The same for text of several lines, which stay. */
export const escapeLines = (text: string): string => text.split('\n').map(escapeControls).join('\n');

/** The same for every text and every key of an answer, so that none of them can begin a line of its own. */
export function escapeDeep<Value>(value: Value): Value {
  const escaped = (each: unknown): unknown => {
    if (typeof each === 'string') return escapeControls(each);
    if (Array.isArray(each)) return each.map(escaped);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [escapeControls(key), escaped(inner)]));
  };
  return escaped(value) as Value;
}
