import { drawGraph, type Place } from './draw-graph.ts';
import { drawTable } from './draw-table.ts';
import type { Datum } from './emf-data.ts';
import { askLog } from './log-query.ts';
import type { Widget } from './read-dashboard.ts';
import { seriesOf, type Window } from './series.ts';
import { number, palette, rectangle, short, svgText } from './svg.ts';

export interface Picture {
  readonly title: string;
  readonly widgets: readonly Widget[];
  readonly data: readonly Datum[];
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** By their names in the dashboard. */
  readonly alarms: ReadonlyMap<string, { readonly name: string; readonly alarming: boolean }>;
  readonly window: Window;
}

/** Pixels of a column and a row of the dashboard's grid, and of the space around its widgets. */
const column = 60;
const row = 42;
const gap = 6;
const header = 44;

function drawNumbers(widget: Widget, { data, window }: Picture, { x, y, width, height }: Place): string {
  const each = width / widget.metrics.length;
  return widget.metrics
    .flatMap((shown, place) => {
      const value = seriesOf(shown, data, window)[0]?.values.findLast((one) => one !== undefined);
      const middle = x + (place + 0.5) * each;
      const text = value === undefined ? '–' : short(value);
      return [
        svgText(middle, y + height / 2, text, { size: 40, anchor: 'middle', color: palette[place] as string }),
        svgText(middle, y + height / 2 + 28, shown.label, { anchor: 'middle' }),
      ];
    })
    .join('\n');
}

function drawAlarms({ alarms: named }: Widget, { alarms }: Picture, { x, y, width }: Place): string {
  const each = width / 6;
  return named
    .map((arn, place) => {
      const { name = arn, alarming = false } = alarms.get(arn) ?? {};
      const [left, top] = [x + 6 + (place % 6) * each, y + 2 + Math.floor(place / 6) * 36];
      const fill = alarming ? 'fill="#fff0ee" stroke="#d13212"' : 'fill="#f2f8f0" stroke="#6aaf35"';
      const dot = `<circle cx="${number(left + 14)}" cy="${number(top + 15)}" r="5" fill="${alarming ? '#d13212' : '#6aaf35'}"/>`;
      return rectangle(left, top, each - 12, 30, `rx="4" ${fill}`) + dot + svgText(left + 26, top + 19, name);
    })
    .join('\n');
}

const drawText = ({ markdown }: Widget, { x, y }: Place): string =>
  markdown
    .replaceAll(/[*`]/g, '')
    .replaceAll(/(?<!\n)\n(?!\n)/g, ' ')
    .split('\n')
    .flatMap((line) => line.match(/.{1,52}(?:\s|$)/g) ?? [''])
    .map((line, place) => svgText(x + 6, y + 8 + place * 17, line.trim(), place === 0 ? { weight: 600 } : {}))
    .join('\n');

function drawWidget(widget: Widget, picture: Picture, place: Place): string {
  const inner = { x: place.x + 8, y: place.y + 34, width: place.width - 16, height: place.height - 42 };
  if (widget.type === 'alarm') return drawAlarms(widget, picture, inner);
  if (widget.type === 'text') return drawText(widget, { ...inner, y: place.y + 16 });
  if (widget.type === 'log') {
    const { columns, rows } = askLog(widget.query, picture.lines);
    return drawTable(columns, rows, inner);
  }
  if (widget.view === 'singleValue') return drawNumbers(widget, picture, inner);
  const series = widget.metrics.flatMap((shown) => seriesOf(shown, picture.data, picture.window));
  return drawGraph(widget, series, picture.window, inner);
}

/** The dashboard as a self-contained SVG. */
export function drawDashboard(picture: Picture): string {
  const { widgets, title } = picture;
  const width = 24 * column + gap;
  const height = header + Math.max(...widgets.map((one) => one.y + one.height)) * row + gap;
  const parts = widgets.map((widget) => {
    const place = {
      x: widget.x * column + gap,
      y: header + widget.y * row,
      width: widget.width * column - gap,
      height: widget.height * row - gap,
    };
    const heading = svgText(place.x + 14, place.y + 22, widget.title, { size: 13, weight: 600, color: '#16191f' });
    const panel = rectangle(place.x, place.y, place.width, place.height, 'rx="8" fill="#fff" stroke="#d5dbdb"');
    return [panel, heading, drawWidget(widget, picture, place)].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">
<title>${title}</title>
${rectangle(0, 0, width, height, 'fill="#f2f3f3"')}
${svgText(gap + 8, 29, title, { size: 18, weight: 600, color: '#16191f' })}
${parts.join('\n')}
</svg>
`;
}
