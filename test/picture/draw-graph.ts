import type { Widget } from './read-dashboard.ts';
import type { Series, Window } from './series.ts';
import { fitted, number, palette, rectangle, rule, short, svgText } from './svg.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const steps = [1, 1.5, 2, 3, 4, 6, 8, 10];

/** A round number at or above the greatest value. */
function topOf(values: readonly number[]): number {
  const max = Math.max(0, ...values);
  if (max === 0) return 1;
  const size = 10 ** Math.floor(Math.log10(max));
  return size * (steps.find((step) => step * size >= max) ?? 10);
}

/** Each line on top of the sum of those before it. */
function stack(series: readonly Series[]): readonly Series[] {
  const below: number[] = [];
  return series.map((one) => ({
    ...one,
    values: one.values.map((value, place) => {
      below[place] = (below[place] ?? 0) + (value ?? 0);
      return below[place];
    }),
  }));
}

/** The runs of consecutive values of a line: periods without data are left out. */
function runsOf({ values }: Series, top: number, { x, y, width, height }: Place): string[][] {
  const runs: string[][] = [[]];
  values.forEach((value, place) => {
    if (value === undefined) runs.push([]);
    else
      runs
        .at(-1)
        ?.push(`${number(x + ((place + 0.5) / values.length) * width)} ${number(y + height - (value / top) * height)}`);
  });
  return runs.filter((run) => run.length > 0);
}

function drawRun(run: readonly string[], color: string, floor: number | undefined): string {
  const [first = '', ...others] = run;
  const [x, y] = first.split(' ');
  if (others.length === 0) return `<circle cx="${x}" cy="${y}" r="2.2" fill="${color}"/>`;
  const line = `M${first}L${others.join('L')}`;
  const stroke = `<path d="${line}" fill="none" stroke="${color}" stroke-width="1.6" stroke-linejoin="round"/>`;
  if (floor === undefined) return stroke;
  return `<path d="${line}V${number(floor)}H${x}Z" fill="${color}" fill-opacity=".75"/>${stroke}`;
}

function legend(series: readonly Series[], { x, y, width }: Place): string {
  const shown = series.slice(0, width > 500 ? 9 : 6);
  const column = width / (width > 500 ? 3 : 2);
  const cells = shown.map((one, place) => {
    const left = x + (place % (width > 500 ? 3 : 2)) * column;
    const down = y + Math.floor(place / (width > 500 ? 3 : 2)) * 15;
    const color = palette[series.indexOf(one) % palette.length];
    return (
      rectangle(left, down - 8, 9, 9, `rx="2" fill="${color}"`) +
      svgText(left + 14, down, fitted(one.label, column - 18, 11), { size: 11 })
    );
  });
  return cells.join('');
}

/** A graph over time with one or two axes, and its legend. */
export function drawGraph({ stacked, units }: Widget, series: readonly Series[], window: Window, place: Place): string {
  const isDual = series.some(({ axis }) => axis === 'right');
  const rows = Math.ceil(Math.min(series.length, place.width > 500 ? 9 : 6) / (place.width > 500 ? 3 : 2));
  const plot = {
    x: place.x + 38,
    y: place.y + 12,
    width: place.width - 46 - (isDual ? 32 : 0),
    height: place.height - 38 - rows * 15,
  };
  const parts: string[] = [];
  const drawn = stacked ? stack(series) : series;
  const tops = (['left', 'right'] as const).map((side) =>
    topOf(
      drawn.filter(({ axis }) => axis === side).flatMap(({ values }) => values.filter((value) => value !== undefined)),
    ),
  );
  for (let step = 0; step <= 4; step += 2) {
    const y = plot.y + plot.height - (step / 4) * plot.height;
    parts.push(rule(plot.x, y, plot.width));
    parts.push(
      svgText(plot.x - 5, y + 4, short((tops[0] as number) * (step / 4)), {
        size: 10,
        anchor: 'end',
        color: '#687078',
      }),
    );
    if (isDual)
      parts.push(
        svgText(plot.x + plot.width + 5, y + 4, short((tops[1] as number) * (step / 4)), {
          size: 10,
          color: '#687078',
        }),
      );
  }
  parts.push(svgText(plot.x - 5, plot.y - 5, units[0], { size: 10, color: '#687078' }));
  if (isDual)
    parts.push(svgText(plot.x + plot.width, plot.y - 5, units[1], { size: 10, color: '#687078', anchor: 'end' }));
  for (let hour = 0; hour <= 4; hour += 1) {
    const time = new Date(window.begin + ((window.end - window.begin) * hour) / 4).toISOString().slice(11, 16);
    parts.push(
      svgText(plot.x + (plot.width * hour) / 4, plot.y + plot.height + 14, time, {
        size: 10,
        color: '#687078',
        anchor: hour === 4 ? 'end' : 'middle',
      }),
    );
  }
  // The top of a stack is drawn first, so that the others cover it.
  for (const one of stacked ? [...drawn].reverse() : drawn) {
    const color = palette[drawn.indexOf(one) % palette.length] as string;
    const floor = stacked ? plot.y + plot.height : undefined;
    for (const run of runsOf(one, tops[one.axis === 'left' ? 0 : 1] as number, plot))
      parts.push(drawRun(run, color, floor));
  }
  parts.push(legend(series, { ...plot, x: place.x + 6, width: place.width - 12, y: plot.y + plot.height + 32 }));
  return parts.join('\n');
}
