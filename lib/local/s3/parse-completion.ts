import { isObject } from '../../domain/is-object.ts';
import { parseXml } from './parse-xml.ts';
import { S3Error } from './s3-error.ts';

/** A part as the body of CompleteMultipartUpload names it. */
export interface NamedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** By element: `ChecksumSHA256` and so on. */
  readonly checksums: Readonly<Record<string, string>>;
}

const mostParts = 10_000;

export function parseCompletion(body: string): readonly NamedPart[] {
  const parts = fields(parseXml(body, 'CompleteMultipartUpload')).Part;
  const list = Array.isArray(parts) ? parts : [parts];
  if (list.length > mostParts) throw new S3Error('MalformedXML');
  return list.map(namedPart);
}

function namedPart(part: unknown): NamedPart {
  const { PartNumber, ETag, ...checksums } = fields(part);
  // Quotes may come as they are or escaped; entities are not expanded.
  const etag = /^(?:"|&quot;|&#34;)?([^"&]+)(?:"|&quot;|&#34;)?$/.exec(String(ETag ?? ''))?.[1];
  const texts = Object.entries(checksums).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  if (!/^\d{1,5}$/.test(String(PartNumber)) || etag === undefined || texts.length < Object.keys(checksums).length) {
    throw new S3Error('MalformedXML');
  }
  return { partNumber: Number(PartNumber), etag, checksums: Object.fromEntries(texts) };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new S3Error('MalformedXML');
  return value;
}
