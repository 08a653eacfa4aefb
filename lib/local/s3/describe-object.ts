import type { HeaderValues } from '../sigv4/header-values.ts';
import { S3Error } from './s3-error.ts';
import type { ObjectDescription } from './store/records.ts';

const kept = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
];
const mostMetadata = 2048;

/** What a writer's headers say about the object, to be answered to readers as it came. */
export function describeObject(headers: HeaderValues): ObjectDescription {
  const standard = kept.map((name) => [name, headers.get(name)?.join(', ') ?? ''] as const);
  const metadata = [...headers]
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, values]) => [name.slice('x-amz-meta-'.length), values.join(',')] as const);
  const size = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > mostMetadata) {
    throw new S3Error('MetadataTooLarge', undefined, { details: { Size: size, MaxSizeAllowed: mostMetadata } });
  }
  return {
    headers: Object.fromEntries(
      standard
        .map(([name, value]) => [name, name === 'content-encoding' ? withoutChunking(value) : value] as const)
        .filter(([, value]) => value !== ''),
    ),
    metadata: Object.fromEntries(metadata),
  };
}

/** `aws-chunked` is about the transfer and S3 does not keep it. */
function withoutChunking(encoding: string): string {
  return encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked')
    .join(', ');
}
