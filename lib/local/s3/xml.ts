import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { S3Error } from './errors.ts';
import type { S3Answer } from './request.ts';

type XmlValue = string | number | boolean | undefined | XmlFields | readonly XmlValue[];

interface XmlFields {
  readonly [tag: string]: XmlValue;
}

/** An XML document of S3. A list repeats its element; undefined omits it. */
export function toXml(root: string, fields: XmlFields | string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${typeof fields === 'string' ? escaped(fields) : content(fields)}</${root}>`;
}

function content(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([tag, value]) => element(tag, value))
    .join('');
}

function element(tag: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item) => element(tag, item)).join('');
  return `<${tag}>${typeof value === 'object' ? content(value as XmlFields) : escaped(String(value))}</${tag}>`;
}

function escaped(text: string): string {
  // Numeric references also represent what XML would normalize or forbid; S3 does the same.
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => `&#${character.charCodeAt(0)};`);
}

const parser = new XMLParser({
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  processEntities: false,
  removeNSPrefix: true,
});

/** The content of the root element, which must be `root`. Entities are not expanded, and a DOCTYPE is refused. */
export function parseXml(text: string, root: string): unknown {
  try {
    if (!/<!(?!--|\[CDATA\[)/.test(text) && XMLValidator.validate(text) === true) {
      const document: Record<string, unknown> = parser.parse(text);
      const [name, ...more] = Object.keys(document);
      if (name === root && more.length === 0) return document[root];
    }
  } catch (cause) {
    throw new S3Error('MalformedXML', undefined, { cause });
  }
  throw new S3Error('MalformedXML');
}

export function xmlAnswer(root: string, fields: XmlFields): S3Answer {
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body: toXml(root, fields) };
}
