import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Exchange, ExchangeResult } from '../../../../lib/client/api/http.ts';
import { createInvalidation, invalidationCommand, invalidationPaths } from '../../../../lib/client/api/invalidate.ts';
import { createDelivery, parseDeliveryKey } from '../../../../lib/store/read/delivery.ts';
import { anyText } from '../../../support/any-text.ts';
import { bodyOf } from '../../../support/api-send.ts';
import { deliveryKeyPair } from '../../../support/delivery-key.ts';

const distributionId = 'EDFDVBD6EXAMPLE';
const created: ExchangeResult = {
  status: 201,
  body: '<?xml version="1.0"?>\n<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I1JLWSDAP8FU89</Id><Status>InProgress</Status></Invalidation>',
};
const failed = (status: number, code: string, message: string): ExchangeResult => ({
  status,
  body: `<?xml version="1.0"?>\n<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
});
const now = Date.parse('2026-01-01T00:00:00Z');

/** CloudFront, which gives these answers one after the other, the last one for ever. */
function cloudFront(...answers: readonly (ExchangeResult | Error)[]) {
  const asked: (Omit<Exchange, 'body'> & { readonly text: string })[] = [];
  const pauses: number[] = [];
  const send = async ({ body, ...exchange }: Exchange): Promise<ExchangeResult> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] as ExchangeResult | Error;
    asked.push({ ...exchange, text: (await bodyOf({ ...exchange, ...(body && { body }) })).toString() });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const run = ({ key = 'demo-1.tar.xz', region = 'eu-central-1', id = distributionId, endpoint = '' } = {}) =>
    createInvalidation(
      { distributionId: id, paths: invalidationPaths(key) },
      {
        ...{ send, region, now: () => now, sleep: async (milliseconds) => void pauses.push(milliseconds) },
        endpoint: endpoint || undefined,
        operation: 'operation-1',
        credentials: async () => ({ accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'session' }),
      },
    );
  return { asked, pauses, run };
}

describe('an invalidation', () => {
  it('is asked for in XML, signed for us-east-1 whichever region the bucket is in, and named by its ID', async () => {
    const { asked, run } = cloudFront(created);
    expect(await run()).toBe('I1JLWSDAP8FU89');
    expect(asked).toHaveLength(1);
    const [{ method, url, headers, text } = {} as never] = asked;
    expect([method, url.href]).toEqual([
      'POST',
      `https://cloudfront.amazonaws.com/2020-05-31/distribution/${distributionId}/invalidation`,
    ]);
    expect(headers).toMatchObject({
      'content-type': 'application/xml',
      'content-length': String(text.length),
      'x-amz-security-token': 'session',
      authorization: expect.stringMatching(/Credential=key\/\d{8}\/us-east-1\/cloudfront\/aws4_request/),
    });
    expect(text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Paths><Quantity>1</Quantity><Items><Path>/demo-1.tar.xz</Path></Items></Paths><CallerReference>operation-1</CallerReference></InvalidationBatch>',
    );
  });

  it('is asked for in China at the CloudFront of China, and elsewhere at the endpoint of the environment', async () => {
    const { asked, run } = cloudFront(created);
    await run({ region: 'cn-north-1' });
    await run({ endpoint: 'http://127.0.0.1:4566' });
    expect(asked.map(({ url }) => url.origin)).toEqual([
      'https://cloudfront.cn-northwest-1.amazonaws.com.cn',
      'http://127.0.0.1:4566',
    ]);
    expect(asked[0]?.headers.authorization).toContain('/cn-northwest-1/cloudfront/');
  });

  it('has the path of signed URLs', async () => {
    const keys = { get: () => parseDeliveryKey(deliveryKeyPair().secret('K1'), undefined), generation: () => 0 };
    const { presignGet } = createDelivery({ origin: 'https://d123.cloudfront.net', keys, now: () => now });
    const signed = await presignGet('demo-1+a.tar.xz', 900);
    expect(invalidationPaths('demo-1+a.tar.xz')).toContain(new URL(signed).pathname);
  });

  it('has both spellings of a plus sign, because only one of them is in signed URLs', async () => {
    const { asked, run } = cloudFront(created);
    await run({ key: 'demo-1+a.tar.xz' });
    expect(asked[0]?.text).toContain(
      '<Quantity>2</Quantity><Items><Path>/demo-1%2Ba.tar.xz</Path><Path>/demo-1+a.tar.xz</Path></Items>',
    );
  });

  it.each<[string, ExchangeResult | Error]>([
    ['throttled', failed(400, 'Throttling', 'Rate exceeded')],
    ['refusing more requests', { status: 429, body: '' }],
    ['out of order', { status: 503, body: '' }],
    ['out of reach', new Error('connect ECONNREFUSED')],
  ])('is asked for again, as the same one, where CloudFront is %s', async (_, answer) => {
    const { asked, run } = cloudFront(answer, answer, created);
    expect(await run()).toBe('I1JLWSDAP8FU89');
    expect(new Set(asked.map(({ text }) => text)).size).toBe(1);
    expect(asked).toHaveLength(3);
    await expect(cloudFront(answer).run()).rejects.toMatchObject({
      status: 503,
      message: expect.stringMatching(/^https:\/\/cloudfront\.amazonaws\.com .*Run the same command again\.$/),
    });
  });

  it('is asked for again after the time that CloudFront names', async () => {
    const busy = { status: 503, body: '', headers: { 'retry-after': '20' } };
    const { pauses, run } = cloudFront(busy, created);
    expect(await run()).toBe('I1JLWSDAP8FU89');
    expect(pauses).toEqual([20_000]);
  });

  it.each<[string, ExchangeResult, number, RegExp]>([
    [
      'without the right',
      failed(403, 'AccessDenied', 'User: arn:aws:iam::1:user/u is not authorized'),
      403,
      /^CloudFront does not let these AWS credentials .*: User: arn:aws:iam::1:user\/u is not authorized \(403\)\. .*cloudfront:CreateInvalidation on the distribution EDFDVBD6EXAMPLE, or with --role\.$/,
    ],
    [
      'with a wrong clock',
      { ...failed(403, 'SignatureDoesNotMatch', 'old'), headers: { date: 'Wed, 31 Dec 2025 23:00:00 GMT' } },
      403,
      /The clock of this machine is 60 min 0 s ahead/,
    ],
    [
      'for a distribution of another account',
      failed(404, 'NoSuchDistribution', 'The specified distribution does not exist.'),
      404,
      /^CloudFront has no distribution EDFDVBD6EXAMPLE in the account/,
    ],
    [
      'while too many are in progress',
      failed(400, 'TooManyInvalidationsInProgress', 'Too many'),
      503,
      /Run the same command again in some minutes\.$/,
    ],
    [
      'for a path that CloudFront refuses',
      failed(400, 'InvalidArgument', 'one or more invalid invalidation paths &lt;&amp;&gt;'),
      400,
      /^CloudFront did not create an invalidation: one or more invalid invalidation paths <&> \(400\)\.$/,
    ],
    ['by a proxy in between', { status: 200, body: '<html><Id>log-in</Id></html>' }, 400, /no reason given \(200\)/],
    ['by an answer without an ID', { status: 201, body: '' }, 400, /no reason given \(201\)/],
  ])('%s ends with what CloudFront said and what to do', async (_, answer, status, message) => {
    const { asked, run } = cloudFront(answer);
    await expect(run()).rejects.toMatchObject({ status, message: expect.stringMatching(message) });
    expect(asked).toHaveLength(1);
  });

  it.each(['', 'E1/../../x', "E1' ; rm -rf ~", 'e1', 'E'.repeat(65)])(
    'is never asked for where the service calls the distribution %j',
    async (id) => {
      const { asked, run } = cloudFront(created);
      await expect(run({ id })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('no ID') });
      expect(asked).toEqual([]);
    },
  );

  it('ends with a problem, and nothing else, whatever CloudFront answers', async () => {
    const answer = fc.record({ status: fc.integer({ min: 200, max: 499 }), body: anyText() });
    await fc.assert(
      fc.asyncProperty(answer, async (one) => {
        await expect(cloudFront(one).run()).rejects.toMatchObject({ name: 'Problem' });
      }),
    );
  });
});

describe('the paths of any key', () => {
  it('name it and nothing else, in XML and in a shell too', () => {
    const key = fc.oneof(anyText(20), fc.stringMatching(/^[\w.+*'<&-]{1,20}$/)).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(key, (one) => {
        const paths = invalidationPaths(one);
        expect(paths.length).toBe(one.includes('+') ? 2 : 1);
        for (const path of paths) {
          expect(decodeURIComponent(path)).toBe(`/${one}`);
          expect(path).toMatch(/^\/[A-Za-z0-9._~%+/-]*$/);
        }
      }),
    );
  });

  it('are in the command for a person', () => {
    expect(invalidationCommand({ distributionId, paths: invalidationPaths('a+b*') })).toBe(
      "aws cloudfront create-invalidation --distribution-id EDFDVBD6EXAMPLE --paths '/a%2Bb%2A' '/a+b%2A'",
    );
  });
});
