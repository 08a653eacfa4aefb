import type { HeaderValues } from '../sigv4/header-values.ts';
import { S3Error } from './s3-error.ts';
import { singleHeader } from './single-header.ts';

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
