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
const mostTags = 10;

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
  const tags = countTags(headers.get('x-amz-tagging')?.join('&') ?? '');
  return {
    headers: Object.fromEntries(
      standard
        .map(([name, value]) => [name, name === 'content-encoding' ? withoutChunking(value) : value] as const)
        .concat([['x-amz-tagging-count', tags === 0 ? '' : String(tags)]])
        .filter(([, value]) => value !== ''),
    ),
    metadata: Object.fromEntries(metadata),
  };
}

/** Tags come as a query string. Readers are told how many there are; what they are for, lifecycle rules, is not done here. */
function countTags(text: string): number {
  const tags = [...new URLSearchParams(text)];
  if (tags.length <= mostTags) return tags.length;
  throw new S3Error('InvalidTag', `Object tags cannot be greater than ${mostTags}`);
}

/** `aws-chunked` is about the transfer and S3 does not keep it. */
function withoutChunking(encoding: string): string {
  return encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked')
    .join(', ');
}
