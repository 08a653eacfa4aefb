import type { Row } from './rows.ts';
import type { Detail } from './statistics.ts';

const withUnit = (value: number | null, unit: string): string => (value === null ? '–' : `${value} ${unit}`.trimEnd());

function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const aligned = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return lines.map((line) => `${aligned(line)}\n`).join('');
}

export function showRows(rows: readonly Row[], details: readonly Detail[]): string {
  const figures = table([
    ['figure', 'value', 'goal', 'guard', 'status'],
    ...rows.map(({ name, value, goal, guard, unit, status }) => [
      name,
      withUnit(value, unit),
      withUnit(goal, unit),
      withUnit(guard, unit),
      status.replace('-', ' '),
    ]),
  ]);
  if (details.length === 0) return figures;
  const measured = table([
    ['measured', 'median', 'best'],
    ...details.map(({ what, median, best, unit }) => [what, withUnit(median, unit), withUnit(best, unit)]),
  ]);
  return `${figures}\n${measured}`;
}
