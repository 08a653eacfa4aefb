import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ApiFlags, findApi, findRegion } from '../../../../lib/client/api/find-api.ts';
import type { Exchange, ExchangeResult } from '../../../../lib/client/api/http.ts';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';
import { verifySignature } from '../../../../lib/local/sigv4/verify.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { sha256 } from '../../../support/memory-bucket.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

describe('findApi', () => {
  const outputXml = ([key, value]: [string, string]): string =>
    `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue><Description>A &amp; B</Description></member>`;

  /** As the CloudFormation API reference shows it. */
  const describedXml = (outputs: Record<string, string>): string =>
    `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
    <StackName>Channels</StackName><Outputs>${Object.entries(outputs).map(outputXml).join('\n')}</Outputs>
  </member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeStacksResponse>`;

  const errorXml = (code: string, message: string): string =>
    `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

  const ApiEndpoint = 'https://abc.execute-api.eu-west-1.amazonaws.com';
  const outputs = { ApiUrl: 'https://channels.test', ApiEndpoint };
  const good = { status: 200, body: describedXml(outputs) };
  const flags = { stack: 'Channels', region: 'eu-west-1' };

  function rig(answer: (count: number) => ExchangeResult | Promise<ExchangeResult> = () => good) {
    const sent: Exchange[] = [];
    const { sleep, now } = new FakeClock();
    const notes: string[] = [];
    const find = (given: ApiFlags, environment: Record<string, string> = {}) =>
      findApi(
        {
          environment,
          credentials: async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
          sleep,
          now,
          note: (sentence) => notes.push(sentence),
          send: async (exchange) => {
            sent.push(exchange);
            return answer(sent.length);
          },
        },
        given,
      );
    return { find, sent, notes };
  }

  describe('the API', () => {
    it('is found by its URL, whose generated domain tells the region', async () => {
      const { find, sent } = rig();

      expect(await find({ url: `${ApiEndpoint}/` })).toEqual({ url: ApiEndpoint, region: 'eu-west-1' });
      expect(await find({ url: 'https://channels.test', region: 'eu-west-2' })).toMatchObject({ region: 'eu-west-2' });
      expect(sent).toEqual([]);
    });

    it("is found by its stack: the API's own domain, which no proxy stands before", async () => {
      const { find, sent } = rig();

      expect(await find(flags)).toEqual({ url: ApiEndpoint, region: 'eu-west-1', outputs });
      expect(sent.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual([
        'POST https://cloudformation.eu-west-1.amazonaws.com/ Action=DescribeStacks&Version=2010-05-15&StackName=Channels',
      ]);
    });

    it('is asked for with a signature for CloudFormation', async () => {
      const { find, sent } = rig();
      await find(flags);
      const { url, headers, body } = sent[0] as Exchange;

      expect(
        verifySignature(
          {
            method: 'POST',
            rawPath: url.pathname,
            rawQuery: '',
            headers: headerValues(Object.entries(headers).flat()),
            payloadHash: sha256(body as Buffer),
          },
          { service: 'cloudformation', region: 'eu-west-1', credentials: () => 'secret', now: new Date() },
        ),
      ).toMatchObject({ ok: true });
    });

    it.each([
      [{ url: 'https://a.test' }, { CHANNELCTL_STACK: 'B' }, 'https://a.test'],
      [{}, { CHANNELCTL_URL: 'https://a.test', CHANNELCTL_STACK: 'B' }, 'https://a.test'],
      [{}, { CHANNELCTL_URL: '', CHANNELCTL_STACK: 'B' }, ApiEndpoint],
      [{ stack: 'B' }, { CHANNELCTL_URL: 'https://a.test' }, ApiEndpoint],
    ])('of %j and %j is the nearest', async (given, environment, url) => {
      expect(await rig().find({ region: 'eu-west-1', ...given }, environment)).toMatchObject({ url });
    });

    it.each([
      ['aws-cn', 'cn-north-1', 'amazonaws.com.cn'],
      ['aws-eusc', 'eusc-de-east-1', 'amazonaws.eu'],
    ])(
      'is found by the ARN of its stack, which tells the region; in %s at another host',
      async (partition, region, suffix) => {
        const { find, sent } = rig();
        const stack = `arn:${partition}:cloudformation:${region}:123456789012:stack/Channels/0`;

        expect(await find({ stack })).toMatchObject({ region });
        expect(sent[0]?.url.host).toBe(`cloudformation.${region}.${suffix}`);
      },
    );

    it('is found at another CloudFormation where one is configured', async () => {
      const { find, sent } = rig();
      await find(flags, { AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:4566' });

      expect(sent[0]?.url.host).toBe('127.0.0.1:4566');
    });

    it.each([
      ['503', { status: 503, body: '' }],
      ['throttling', { status: 400, body: errorXml('Throttling', 'Rate exceeded') }],
      ['a broken connection', undefined],
    ])('is asked for again after %s', async (_, failure) => {
      const { find, sent } = rig((count) => (count < 3 ? (failure ?? Promise.reject(new Error('reset'))) : good));

      expect(await find(flags)).toMatchObject({ url: ApiEndpoint });
      expect(sent).toHaveLength(3);
    });

    it.each([
      [
        400,
        errorXml('ValidationError', 'Stack with id Channels does not exist'),
        404,
        'There is no stack "Channels" in eu-west-1: check --stack',
      ],
      [
        403,
        errorXml('AccessDenied', 'User: … is not authorized'),
        403,
        'Allow cloudformation:DescribeStacks on it, or give --url',
      ],
      [400, errorXml('ValidationError', 'Bad &lt;name&gt;'), 400, 'refused to describe "Channels": Bad <name>'],
      [200, describedXml({ Other: 'x' }), 404, 'has no output ApiEndpoint'],
      [200, '<html>', 404, 'has no output ApiEndpoint'],
      [500, 'oops', 503, 'failed (500)'],
    ])('is not found where CloudFormation answers %i %j', async (status, body, expected, sentence) => {
      await expect(rig(() => ({ status, body })).find(flags)).rejects.toMatchObject({
        status: expected,
        message: expect.stringContaining(sentence),
      });
    });

    it.each([
      [{}, 'Which API? Give --url or --stack'],
      [{ url: 'api.test' }, '"api.test" is no http or https URL'],
      [{ url: 'https://a.test', stack: 'B' }, 'Give either --url or --stack'],
    ])('is not found by %j', async (given, sentence) => {
      await expect(rig().find(given)).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(sentence),
      });
    });

    it('names the clock where CloudFormation refuses the signature of another time', async () => {
      const headers = { date: new Date(Date.parse('2026-01-01T00:00:00Z') - 3_600_000).toUTCString() };
      const { find } = rig(() => ({
        status: 403,
        body: errorXml('SignatureDoesNotMatch', 'Signature expired'),
        headers,
      }));
      await expect(find(flags)).rejects.toMatchObject({
        message: expect.stringMatching(/in eu-west-1 .*The clock of this machine is 60 min 0 s ahead of the service's/),
      });
    });

    it('tells a wait for CloudFormation with its reason', async () => {
      const busy = { status: 503, body: '', headers: { 'retry-after': '5' } };
      const { find, notes } = rig((count) => (count === 1 ? busy : good));
      await find(flags);
      expect(notes).toEqual(['waiting 5 s to try again: CloudFormation in eu-west-1 answered 503']);
    });
  });
});

describe('findRegion', () => {
  const directory = temporaryDirectory();
  afterAll(() => directory.remove());

  const before = { ...process.env };
  beforeEach(() => {
    process.env.AWS_CONFIG_FILE = directory.file('config', '[profile ci]\nregion = eu-west-3\n');
    process.env.AWS_SHARED_CREDENTIALS_FILE = directory.file('credentials', '');
    delete process.env.AWS_REGION;
    delete process.env.AWS_PROFILE;
  });
  afterEach(() => {
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_REGION', 'AWS_PROFILE'])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });

  describe('the region', () => {
    it('is the one that is given, before all others', async () => {
      process.env.AWS_REGION = 'eu-west-1';
      expect(await findRegion('it', 'ap-south-1', { region: 'us-east-1', profile: 'ci' })).toBe('us-east-1');
    });

    it('is the one that is known, before that of the environment', async () => {
      process.env.AWS_REGION = 'eu-west-1';
      expect(await findRegion('it', 'ap-south-1', {})).toBe('ap-south-1');
    });

    it('is that of AWS_REGION', async () => {
      process.env.AWS_REGION = 'eu-west-1';
      expect(await findRegion('it', undefined, { profile: 'ci' })).toBe('eu-west-1');
    });

    it('is that of the profile', async () => {
      expect(await findRegion('it', undefined, { profile: 'ci' })).toBe('eu-west-3');
    });

    it('is asked for where nobody knows it', async () => {
      await expect(findRegion('https://channels.test', undefined, {})).rejects.toMatchObject({
        status: 400,
        message: 'No AWS region is known for https://channels.test: give --region, or set AWS_REGION.',
      });
    });
  });
});
