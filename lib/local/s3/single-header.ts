import type { HeaderValues } from '../sigv4/header-values.ts';
import { S3Error } from './s3-error.ts';

/** A header that may come once. */
export function singleHeader(headers: HeaderValues, name: string): string | undefined {
  const [value, ...more] = headers.get(name) ?? [];
  if (more.length > 0) throw new S3Error('InvalidArgument', `${name} was sent more than once.`);
  return value?.trim();
}
