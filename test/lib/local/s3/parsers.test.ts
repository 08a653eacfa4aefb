import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { awsChunked } from '../../../../lib/local/s3/aws-chunked.ts';
import { bodyPlan } from '../../../../lib/local/s3/body.ts';
import { parseCompletion } from '../../../../lib/local/s3/complete-multipart.ts';
import { byteRange, checkReadConditions } from '../../../../lib/local/s3/conditions.ts';
import { S3Error } from '../../../../lib/local/s3/errors.ts';
import { listKeys } from '../../../../lib/local/s3/listings.ts';
import { describeObject } from '../../../../lib/local/s3/objects.ts';
import { requestTarget } from '../../../../lib/local/s3/request.ts';
import { parseTagging, parseTagHeader } from '../../../../lib/local/s3/tagging.ts';
import { toXml } from '../../../../lib/local/s3/xml.ts';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';

/** Runs it and lets nothing but our own refusals pass. */
async function refusesOrAnswers(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof S3Error) || error.status >= 500) throw error;
  }
}

const mess = (...pieces: readonly string[]) =>
  fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 12 })
    .map((all) => all.join(''));
const tags = ['CompleteMultipartUpload', 'Part', 'PartNumber', 'ETag', '__proto__', 'constructor'].flatMap((tag) => [
  `<${tag}>`,
  `</${tag}>`,
]);
const tagging = ['Tagging', 'TagSet', 'Tag', 'Key', 'Value', '__proto__'].flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
const headers = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'content-length',
        'content-md5',
        'content-encoding',
        'x-amz-checksum-crc32',
        'x-amz-trailer',
        'x-amz-sdk-checksum-algorithm',
        'x-amz-decoded-content-length',
        'x-amz-meta-a',
        'if-match',
        'if-modified-since',
        'if-none-match',
      ),
      mess('5', 'NhCmhg==', 'x-amz-checksum-crc32', 'CRC32', '"', 'W/', '*', ','),
    ),
  )
  .map((pairs) => headerValues(pairs.flat()));

describe('the parsers of the S3 stand-in', () => {
  it.each<[string, fc.Arbitrary<unknown[]>, (...input: never[]) => unknown]>([
    ['a request target', fc.tuple(mess('/', '%', '%ff', '?', '&', '=', '..')), requestTarget as never],
    [
      'a completion',
      fc.tuple(mess(...tags, '1', '"a"', '<!--', '-->', '<![CDATA[', ']]>', '<?', '&quot;', '&#0;')),
      parseCompletion as never,
    ],
    [
      'tags in XML',
      fc.tuple(mess(...tagging, '1', 'key', '<!--', '-->', '<![CDATA[', ']]>', '<?', '&quot;', '&#0;')),
      parseTagging as never,
    ],
    ['tags in a header', fc.tuple(mess('=', '&', '%', '+', 'kind', '__proto__')), parseTagHeader as never],
    ['a range', fc.tuple(mess('bytes=', '-', '0', '9', ','), fc.nat()), byteRange as never],
    [
      'a body',
      fc.tuple(
        headers,
        fc.constantFrom(
          'UNSIGNED-PAYLOAD',
          'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
          'STREAMING-UNSIGNED-PAYLOAD',
        ),
      ),
      bodyPlan as never,
    ],
    ['object headers', fc.tuple(headers), describeObject as never],
    [
      'conditions',
      fc.tuple(headers, fc.constant({ etag: 'a', lastModified: '2026-01-01T00:00:00.000Z' })),
      checkReadConditions as never,
    ],
    [
      'a chunked body',
      fc.tuple(fc.array(mess('1', 'a', '\r\n', '0', ';chunk-signature=', ':', 'x-amz-checksum-crc32:'))),
      (async (texts: string[]) => {
        const chunks = (async function* () {
          for (const text of texts) yield Buffer.from(text);
        })();
        for await (const chunk of awsChunked({ chunks, trailer: 'x-amz-checksum-crc32', onTrailer: () => {} }))
          expect(chunk.length).toBeGreaterThan(0);
      }) as never,
    ],
  ])('accept or refuse %s of arbitrary content, and never fail otherwise', async (_, inputs, run) => {
    await fc.assert(fc.asyncProperty(inputs, (input) => refusesOrAnswers(() => run(...(input as never[])))));
  });
});

describe('the parser of CompleteMultipartUpload', () => {
  it('accepts quotes in any form, comments and namespaces', () => {
    const part = (etag: string) => `<Part><!-- one --><ETag>${etag}</ETag><PartNumber>1</PartNumber></Part>`;
    for (const etag of ['a', '"a"', '&quot;a&quot;', '&#34;a&#34;']) {
      const body = `<?xml version="1.0"?><s3:CompleteMultipartUpload xmlns:s3="x">${part(etag)}</s3:CompleteMultipartUpload>`;
      expect(parseCompletion(body)).toEqual([{ partNumber: 1, etag: 'a', checksums: {} }]);
    }
  });
});

describe('an XML document', () => {
  it('escapes markup and characters that XML does not allow', () => {
    expect(toXml('R', { A: '<&>"\0\n', B: undefined, C: [{ D: 1 }, { D: true }] })).toContain(
      '<A>&#60;&#38;&#62;&#34;&#0;&#10;</A><C><D>1</D></C><C><D>true</D></C></R>',
    );
  });
});

describe('a listing in pages', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 5 });

  it('has the same keys as a listing in one page', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(word.filter((key) => key !== '')),
        word,
        fc.constantFrom('', '/', 'ab'),
        fc.integer({ min: 1, max: 4 }),
        (keys, prefix, delimiter, max) => {
          const sorted = [...keys].sort();
          const whole = listKeys(sorted, { prefix, delimiter, after: '', max: 1000 });
          const paged: string[] = [];
          for (let after: string | undefined = ''; after !== undefined; ) {
            const page = listKeys(sorted, { prefix, delimiter, after, max });
            paged.push(...page.keys, ...page.commonPrefixes);
            after = page.next;
          }
          expect(paged.sort()).toEqual([...whole.keys, ...whole.commonPrefixes].sort());
        },
      ),
    );
  });
});
