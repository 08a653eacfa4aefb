import type { HeaderValues } from '../sigv4/canonical-request.ts';
import { S3Error } from './errors.ts';
import { singleHeader } from './request.ts';

/** Whether a list of entity tags or `*` matches an unquoted one. S3 also accepts tags without quotes. */
function matchesEtag(list: string, etag: string): boolean {
  return list.split(',').some((entry) => {
    const tag = entry.trim();
    return tag === '*' || tag === etag || tag === `"${etag}"`;
  });
}

/** Evaluates a read's conditions in the order of RFC 9110, section 13.2.2. */
export function checkReadConditions(
  headers: HeaderValues,
  { etag, lastModified }: { readonly etag: string; readonly lastModified: string },
): void {
  // HTTP dates have no milliseconds.
  const modified = Math.floor(Date.parse(lastModified) / 1000) * 1000;
  const ifMatch = headers.get('if-match')?.join(',');
  const ifNoneMatch = headers.get('if-none-match')?.join(',');
  const ifUnmodifiedSince = Date.parse(singleHeader(headers, 'if-unmodified-since') ?? '');
  const ifModifiedSince = Date.parse(singleHeader(headers, 'if-modified-since') ?? '');

  if (ifMatch !== undefined ? !matchesEtag(ifMatch, etag) : modified > ifUnmodifiedSince) {
    const condition = ifMatch !== undefined ? 'If-Match' : 'If-Unmodified-Since';
    throw new S3Error('PreconditionFailed', undefined, { details: { Condition: condition } });
  }
  const unchanged =
    // If-None-Match uses weak comparison (section 13.1.2), so W/ is ignored.
    ifNoneMatch !== undefined ? matchesEtag(ifNoneMatch.replaceAll('W/', ''), etag) : modified <= ifModifiedSince;
  if (unchanged) {
    const notModified = { ETag: `"${etag}"`, 'Last-Modified': new Date(modified).toUTCString() };
    throw new S3Error('NotModified', undefined, { headers: notModified });
  }
}

/**
 * Evaluates a write's condition against the object that it would replace.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWriteCondition(headers: HeaderValues, current: { readonly etag: string } | undefined): void {
  const ifMatch = singleHeader(headers, 'if-match');
  const ifNoneMatch = singleHeader(headers, 'if-none-match');
  if (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined)) throw new S3Error('NotImplemented');
  if (ifNoneMatch !== undefined && current) throw failed('If-None-Match');
  if (ifMatch === undefined) return;
  if (!current) throw new S3Error('NoSuchKey');
  if (ifMatch.replace(/^"(.*)"$/, '$1') !== current.etag) throw failed('If-Match');
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { details: { Condition: condition } });
}

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The range of a Range header. To several ranges or an invalid header S3 answers with the whole object. */
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
