import type { Place } from './draw-graph.ts';
import { fitted, rule, svgText } from './svg.ts';

type Row = Readonly<Record<string, unknown>>;

const rowHeight = 20;

/** The width of a column in characters: that of its longest cell, up to a limit. */
const wantedWidth = (column: string, rows: readonly Row[]): number =>
  Math.min(46, Math.max(column.length, ...rows.map((row) => String(row[column] ?? '').length))) + 2;

/** As many rows of a table as fit. */
export function drawTable(columns: readonly string[], rows: readonly Row[], place: Place): string {
  const shown = rows.slice(0, Math.floor((place.height - 34) / rowHeight));
  const wanted = columns.map((column) => wantedWidth(column, shown));
  const all = wanted.reduce((total, one) => total + one, 0);
  const parts: string[] = [];
  let left = place.x + 6;
  columns.forEach((column, index) => {
    const width = ((wanted[index] as number) / all) * (place.width - 12);
    parts.push(svgText(left, place.y + 12, fitted(column, width, 11), { size: 11, weight: 600 }));
    shown.forEach((row, line) => {
      const text = fitted(row[column], width - 4, 12);
      parts.push(svgText(left, place.y + 34 + line * rowHeight, text, { size: 11, mono: true }));
    });
    left += width;
  });
  for (let line = 0; line <= shown.length; line += 1)
    parts.push(rule(place.x + 6, place.y + 19 + line * rowHeight, place.width - 12));
  if (rows.length === 0)
    parts.push(svgText(place.x + place.width / 2, place.y + place.height / 2, 'nothing found', { anchor: 'middle' }));
  return parts.join('\n');
}
