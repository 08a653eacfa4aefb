/** Small pieces of SVG, as text. */
const escaped = (text: unknown): string => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export const number = (value: number): string => String(Math.round(value * 10) / 10);

interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: 400 | 600;
  readonly mono?: boolean;
}

export function svgText(x: number, y: number, text: unknown, style: TextStyle = {}): string {
  const { size = 12, color = '#414d5c', anchor = 'start', weight = 400, mono = false } = style;
  const more = [
    anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    weight === 400 ? '' : ` font-weight="${weight}"`,
    mono ? ' font-family="ui-monospace, Menlo, Consolas, monospace"' : '',
  ].join('');
  return `<text x="${number(x)}" y="${number(y)}" font-size="${size}" fill="${color}"${more}>${escaped(text)}</text>`;
}

export const rectangle = (x: number, y: number, width: number, height: number, more: string): string =>
  `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" ${more}/>`;

export const rule = (x: number, y: number, width: number, color = '#e9ebed'): string =>
  `<path d="M${number(x)} ${number(y)}h${number(width)}" stroke="${color}"/>`;

/** Cuts a text to a width in pixels, approximately. */
export function fitted(text: unknown, width: number, size = 12): string {
  const maxLength = Math.max(1, Math.floor(width / (size * 0.55)));
  const whole = String(text ?? '');
  return whole.length <= maxLength ? whole : `${whole.slice(0, maxLength - 1)}…`;
}

export const palette = [
  '#1f77b4',
  '#ff7f0e',
  '#2ca02c',
  '#d62728',
  '#9467bd',
  '#8c564b',
  '#e377c2',
  '#7f7f7f',
  '#bcbd22',
  '#17becf',
];

/** A number in a few characters: 1.2k, 3M. */
export function short(value: number): string {
  for (const [size, suffix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (Math.abs(value) >= size) return `${number(value / size)}${suffix}`;
  return value !== 0 && Math.abs(value) < 1 ? value.toPrecision(2).replace(/0+$/, '') : number(value);
}
