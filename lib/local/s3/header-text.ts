import { S3Error } from './s3-error.ts';

/** A text from a query as the value of a header: its bytes, one a character. A line break would begin another header. */
export function headerText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new S3Error('InvalidArgument', 'A header value may hold no control characters.');
  return Buffer.from(text).toString('latin1');
}
