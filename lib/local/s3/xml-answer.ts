import type { S3Answer } from './s3-request.ts';
import { toXml, type XmlFields } from './to-xml.ts';

export function xmlAnswer(root: string, fields: XmlFields): S3Answer {
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body: toXml(root, fields) };
}
