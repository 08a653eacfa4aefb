export type XmlValue = string | number | boolean | undefined | XmlFields | readonly XmlValue[];

export interface XmlFields {
  readonly [tag: string]: XmlValue;
}

/** One of S3's documents. A list repeats its tag, undefined leaves it out. */
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
  // Escaping by number also carries what XML would normalize or forbid; S3 does the same.
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => `&#${character.charCodeAt(0)};`);
}
