import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { S3Error } from './s3-error.ts';

const parser = new XMLParser({
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  processEntities: false,
  removeNSPrefix: true,
});

/** The content of the document's root, which must be `root`. Entities stay unexpanded, a DOCTYPE is refused. */
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
