import { uriEncode } from '../sigv4/uri-encode.ts';
import { S3Error } from './s3-error.ts';

/** How a listing writes keys: with `encoding-type=url` also those that XML cannot hold. */
export function keyEncoding(parameters: ReadonlyMap<string, string>): (key: string) => string {
  const type = parameters.get('encoding-type');
  if (type === undefined) return (key) => key;
  if (type !== 'url') throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  return (key) => uriEncode(key).replaceAll('%2F', '/');
}
