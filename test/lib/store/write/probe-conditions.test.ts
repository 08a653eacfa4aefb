import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uploadsPrefix } from '../../../../lambda/publish/upload-state.ts';
import { fixedKeys } from '../../../../lib/store/read/store-keys.ts';
import { openClient } from '../../../../lib/store/write/open-client.ts';
import { type ProbeOptions, probeConditions, probeKey } from '../../../../lib/store/write/probe-conditions.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { type TestS3, testS3 } from '../../../support/test-s3.ts';

const keys = fixedKeys({ accessKeyId: 'key', secretAccessKey: 'secret' });

type Sent = { readonly constructor: { readonly name: string }; readonly input: Readonly<Record<string, unknown>> };

/** The probe of a store; `meddle` may answer a command in the store's place. */
function rig(
  { host }: TestS3,
  meddle: (sent: Sent) => unknown = () => undefined,
  partChecksum: ProbeOptions['partChecksum'] = 'sha256',
) {
  const clock = new FakeClock();
  const client = openClient({ bucket: 'bucket', region: 'us-east-1', endpoint: `http://${host}`, keys });
  const sent: string[] = [];
  const send = async (command: Sent) => {
    sent.push(command.constructor.name.replace('Command', ''));
    const answer = meddle(command);
    if (answer instanceof Error) throw answer;
    return answer ?? client.send(command as never);
  };
  const probe = () =>
    probeConditions({
      client: { send } as unknown as ProbeOptions['client'],
      bucket: 'bucket',
      partChecksum,
      now: clock.now,
    });
  return { clock, sent, probe };
}

const refusal = (status: number, name = 'Refused') =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });

const keysOf = async ({ client }: TestS3): Promise<(string | undefined)[]> =>
  ((await client.send(new ListObjectsV2Command({ Bucket: 'bucket' }))).Contents ?? []).map(({ Key }) => Key);

describe('a store that honours conditional writes', () => {
  let s3: TestS3;
  beforeAll(async () => {
    s3 = await testS3();
  });
  afterAll(() => s3.close());

  it('passes, which costs eleven requests once and then one, for a week', async () => {
    const { probe, sent, clock } = rig(s3);
    expect(await probe()).toEqual([]);
    expect(sent).toHaveLength(11);
    sent.length = 0;
    clock.advance(7 * 86_400_000 - 1);
    expect(await probe()).toEqual([]);
    expect(sent).toEqual(['GetObject']);
    clock.advance(1);
    expect(await probe()).toEqual([]);
    expect(sent.length).toBeGreaterThan(2);
  });

  it('is asked again where parts are to be checked otherwise, and in that way', async () => {
    expect(await rig(s3).probe()).toEqual([]);
    const unimplemented = (command: Sent) =>
      'ChecksumSHA256' in command.input && 'UploadId' in command.input ? refusal(501) : undefined;
    const { probe, sent } = rig(s3, unimplemented, 'md5');
    expect(await probe()).toEqual([]);
    expect(sent).toContain('UploadPart');
    expect(await rig(s3, unimplemented).probe()).toEqual(['Taking a part with its SHA-256 was answered 501, not 200.']);
  });

  it('is left with one small object where no reader comes, and no upload', async () => {
    expect(await rig(s3).probe()).toEqual([]);
    expect(await keysOf(s3)).toEqual([probeKey]);
    expect(probeKey.startsWith(uploadsPrefix)).toBe(true);
    const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }));
    expect(Uploads).toEqual([]);
    const { ContentLength = 0 } = await s3.client.send(new GetObjectCommand({ Bucket: 'bucket', Key: probeKey }));
    expect(ContentLength).toBeLessThan(100);
  });

  it('passes for two who ask at the same time', async () => {
    const both = [rig(s3), rig(s3)];
    for (const { clock } of both) clock.advance(30 * 86_400_000);
    expect(await Promise.all(both.map(({ probe }) => probe()))).toEqual([[], []]);
  });

  it.each([
    ['creates over an object', 'PutObject', (input: Sent['input']) => input.IfNoneMatch, {}, 'Creating'],
    ['knows no If-None-Match', 'PutObject', (input: Sent['input']) => input.IfNoneMatch, refusal(501), 'Creating'],
    [
      'replaces what has changed',
      'PutObject',
      isReplacement(probeKey, true),
      {},
      'Replacing an object that has changed',
    ],
    ['replaces what is gone', 'PutObject', isReplacement(probeKey, false), {}, 'Replacing an object that is gone'],
    [
      'takes no SHA-256 of a part',
      'UploadPart',
      () => true,
      refusal(501),
      'Taking a part with its SHA-256 was answered 501',
    ],
    ['completes over an object', 'CompleteMultipartUpload', () => true, {}, 'Completing'],
    ['refuses the right entity tag', 'PutObject', isRight, refusal(412), 'Replacing an unchanged object'],
  ] as const)('would not pass if it %s', async (_, name, matches, answer, finding) => {
    const { probe, clock } = rig(s3, (sent) =>
      sent.constructor.name === `${name}Command` && matches(sent.input) ? answer : undefined,
    );
    clock.advance(90 * 86_400_000);
    expect(await probe()).toEqual([expect.stringContaining(finding)]);
  });

  it.each([
    ['is away', refusal(503)],
    ['refuses access', refusal(403, 'AccessDenied')],
    ['has no such bucket', refusal(404, 'NoSuchBucket')],
    ['breaks off', new Error('socket hang up')],
  ])('is neither good nor bad while it %s', async (_, error) => {
    for (const name of ['GetObject', 'PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']) {
      const { probe, clock } = rig(s3, (sent) => (sent.constructor.name === `${name}Command` ? error : undefined));
      clock.advance(180 * 86_400_000);
      await expect(probe()).rejects.toMatchObject({ status: 503, cause: error });
    }
  });
});

const wrong = '"00000000000000000000000000000000"';
function isReplacement(key: string, same: boolean) {
  return (input: Sent['input']) => input.IfMatch === wrong && (input.Key === key) === same;
}
function isRight(input: Sent['input']): boolean {
  return input.IfMatch !== undefined && input.IfMatch !== wrong;
}

describe('a store that knows no conditional writes', () => {
  it('is told from what it answered, each time', async () => {
    const s3 = await testS3({ conditionalWrites: false });
    try {
      const findings = [
        'Creating an object that is there already (If-None-Match: *) was answered 200, not 412.',
        'Replacing an object that has changed (If-Match) was answered 200, not 412.',
        'Replacing an object that is gone (If-Match) was answered 200, not 412.',
        'Completing an upload over an object (If-None-Match: *) was answered 200, not 412.',
      ];
      const { probe } = rig(s3);
      expect(await probe()).toEqual(findings);
      expect(await probe()).toEqual(findings);
      for (const key of await keysOf(s3)) expect(key).toMatch(/^uploads\//);
    } finally {
      await s3.close();
    }
  });
});
