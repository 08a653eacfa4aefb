import { S3Error } from './s3-error.ts';

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The one range that a Range header asks for; S3 answers several ranges, like nonsense, with the whole object. */
export function byteRange(header: string | undefined, size: number): ByteRange | undefined {
  const [match, from = '', to = ''] = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/.exec(header ?? '') ?? [];
  if (!match || (from === '' && to === '')) return undefined;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  const first = from === '' ? Math.max(size - Number(to), 0) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first < size && first <= last) return { first, last };
  throw new S3Error('InvalidRange', undefined, {
    headers: { 'Content-Range': `bytes */${size}` },
    details: { RangeRequested: String(header), ActualObjectSize: size },
  });
}
