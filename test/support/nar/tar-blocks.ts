/** Parts of a tar, made byte by byte, so that a test can say what no tool would write. Names are bytes as latin1 strings. */
export interface HeaderParts {
  readonly type?: string;
  readonly size?: number;
  readonly mtime?: number;
  readonly mode?: number;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  /** Bytes at a place of the header, written before the checksum. */
  readonly raw?: Readonly<Record<number, Uint8Array | string>>;
}

const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;

export function header(name: string, parts: HeaderParts = {}): Buffer {
  const {
    type = '0',
    size = 0,
    mtime = 1_700_000_000,
    mode = 0o644,
    link = '',
    magic = 'ustar\x0000',
    prefix = '',
  } = parts;
  const block = Buffer.alloc(512);
  const fields: readonly [number, string][] = [
    [0, name],
    [100, octal(mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(mtime, 12)],
    [156, type],
    [157, link],
    [257, magic],
    [345, prefix],
  ];
  for (const [at, text] of fields) block.write(text, at, 'latin1');
  for (const [at, bytes] of Object.entries(parts.raw ?? {}))
    Buffer.from(bytes as string, 'latin1').copy(block, Number(at));
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 7)} `, 148, 'latin1');
  return block;
}

export function padded(content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function file(name: string, content: string | Uint8Array = 'x\n', parts: HeaderParts = {}): Buffer {
  return Buffer.concat([header(name, { size: content.length, ...parts }), padded(content)]);
}

export const directory = (name: string, parts: HeaderParts = {}) => header(name, { type: '5', mode: 0o755, ...parts });
export const symlink = (name: string, link: string, parts: HeaderParts = {}) =>
  header(name, { type: '2', link, ...parts });
export const hardlink = (name: string, link: string, parts: HeaderParts = {}) =>
  header(name, { type: '1', link, ...parts });

export function pax(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const body = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (`${length}`.length + rest.length !== length) length++;
    return `${length}${rest}`;
  });
  return file('PaxHeader', body.join(''), { type });
}

/** GNU tar's long name (L) or long link (K). */
export const gnuLong = (type: 'L' | 'K', name: string) =>
  file('././@LongLink', `${name}\0`, { type, magic: 'ustar  \0' });

/** A number in base 256, eleven bytes of it. */
export function base256(value: bigint): Buffer {
  const bytes = Buffer.alloc(12);
  for (let at = 11, rest = BigInt.asUintN(96, value); at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n);
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

export const tar = (...blocks: readonly Buffer[]) => Buffer.concat([...blocks, Buffer.alloc(1024)]);

/** A top directory with one file, to which a test adds what it is about. */
export const top: readonly Buffer[] = [directory('top/'), file('top/a')];
