import type { HeaderValues } from '../sigv4/header-values.ts';
import { namesEtag } from './names-etag.ts';
import { S3Error } from './s3-error.ts';
import { singleHeader } from './single-header.ts';

/** Evaluates a read's conditions in the order of RFC 9110, section 13.2.2. */
export function checkReadConditions(
  headers: HeaderValues,
  { etag, lastModified }: { readonly etag: string; readonly lastModified: string },
): void {
  // HTTP dates know no milliseconds.
  const modified = Math.floor(Date.parse(lastModified) / 1000) * 1000;
  const ifMatch = headers.get('if-match')?.join(',');
  const ifNoneMatch = headers.get('if-none-match')?.join(',');
  const ifUnmodifiedSince = Date.parse(singleHeader(headers, 'if-unmodified-since') ?? '');
  const ifModifiedSince = Date.parse(singleHeader(headers, 'if-modified-since') ?? '');

  if (ifMatch !== undefined ? !namesEtag(ifMatch, etag) : modified > ifUnmodifiedSince) {
    const condition = ifMatch !== undefined ? 'If-Match' : 'If-Unmodified-Since';
    throw new S3Error('PreconditionFailed', undefined, { details: { Condition: condition } });
  }
  const unchanged =
    // If-None-Match compares weakly (section 13.1.2): W/ does not count.
    ifNoneMatch !== undefined ? namesEtag(ifNoneMatch.replaceAll('W/', ''), etag) : modified <= ifModifiedSince;
  if (unchanged) {
    const notModified = { ETag: `"${etag}"`, 'Last-Modified': new Date(modified).toUTCString() };
    throw new S3Error('NotModified', undefined, { headers: notModified });
  }
}
