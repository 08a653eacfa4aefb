import { type QueryPair, queryPairs } from '../sigv4/query-pairs.ts';
import { uriDecode } from '../sigv4/uri-decode.ts';
import { S3Error } from './s3-error.ts';

export interface RequestTarget {
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly query: readonly QueryPair[];
  readonly bucket?: string;
  readonly key?: string;
}

const longestKey = 1024;

/** Takes a path-style request target apart: `/bucket/key?query`. Nothing is normalized, for keys are opaque. */
export function requestTarget(url: string): RequestTarget {
  if (!url.startsWith('/')) throw new S3Error('InvalidURI');
  const at = url.indexOf('?');
  const [rawPath, rawQuery] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const [, rawBucket = '', rawKey = ''] = /^\/([^/]*)\/?(.*)$/s.exec(rawPath) ?? [];
  const key = decoded(rawKey);
  if (Buffer.byteLength(key) > longestKey) {
    throw new S3Error('KeyTooLongError', undefined, { details: { MaxSizeAllowed: longestKey } });
  }
  return {
    rawPath,
    rawQuery,
    query: queryPairs(rawQuery),
    ...(rawBucket === '' ? {} : { bucket: decoded(rawBucket) }),
    ...(key === '' ? {} : { key }),
  };
}

function decoded(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(uriDecode(text));
  } catch (cause) {
    throw new S3Error('InvalidURI', undefined, { cause });
  }
}
