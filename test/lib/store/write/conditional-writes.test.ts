import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { uploadsPrefix } from '../../../../lib/domain/store.ts';
import { fixedKeys } from '../../../../lib/store/read/presign.ts';
import type { BucketWriter } from '../../../../lib/store/write/bucket-writer.ts';
import {
  type ProbeOptions,
  probeConditions,
  probedWriter,
  probeKey,
  serialisedWriter,
} from '../../../../lib/store/write/conditional-writes.ts';
import { openClient } from '../../../../lib/store/write/open.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';
import { type TestS3, testS3 } from '../../../support/test-s3.ts';

describe('probeConditions', () => {
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
    beforeEach(async () => {
      s3 = await testS3();
    });
    afterEach(() => s3.close());

    it('passes with eleven requests, and then with one for a week', async () => {
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

    it('is probed again when the checksum of parts changes, with that checksum', async () => {
      expect(await rig(s3).probe()).toEqual([]);
      const unimplemented = (command: Sent) =>
        'ChecksumSHA256' in command.input && 'UploadId' in command.input ? refusal(501) : undefined;
      const { probe, sent } = rig(s3, unimplemented, 'md5');
      expect(await probe()).toEqual([]);
      expect(sent).toContain('UploadPart');
      expect(await rig(s3, unimplemented).probe()).toEqual([
        'Taking a part with its SHA-256 was answered 501, not 200.',
      ]);
    });

    it('keeps one small object that no reader can reach, and no open upload', async () => {
      expect(await rig(s3).probe()).toEqual([]);
      expect(await keysOf(s3)).toEqual([probeKey]);
      expect(probeKey.startsWith(uploadsPrefix)).toBe(true);
      const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }));
      expect(Uploads).toEqual([]);
      const { ContentLength = 0 } = await s3.client.send(new GetObjectCommand({ Bucket: 'bucket', Key: probeKey }));
      expect(ContentLength).toBeLessThan(100);
    });

    it('passes for two probes at the same time', async () => {
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
      [
        'replaces what was deleted',
        'PutObject',
        isReplacement(probeKey, false),
        {},
        'Replacing an object that was deleted',
      ],
      [
        'takes no SHA-256 of a part',
        'UploadPart',
        () => true,
        refusal(501),
        'Taking a part with its SHA-256 was answered 501',
      ],
      ['completes over an object', 'CompleteMultipartUpload', () => true, {}, 'Completing'],
      ['refuses the right entity tag', 'PutObject', isRight, refusal(412), 'Replacing an unchanged object'],
    ] as const)('does not pass if it %s', async (_, name, matches, answer, finding) => {
      expect(await rig(s3).probe()).toEqual([]);
      const { probe, clock } = rig(s3, (sent) =>
        sent.constructor.name === `${name}Command` && matches(sent.input) ? answer : undefined,
      );
      clock.advance(90 * 86_400_000);
      expect(await probe()).toEqual([expect.stringContaining(finding)]);
    });

    it.each([
      ['answers 503', refusal(503)],
      ['refuses access', refusal(403, 'AccessDenied')],
      ['has no such bucket', refusal(404, 'NoSuchBucket')],
      ['breaks the connection', new Error('socket hang up')],
    ])('neither passes nor fails while it %s', async (_, error) => {
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
    it('fails each time, with a sentence for each answer', async () => {
      const s3 = await testS3({ conditionalWrites: false });
      try {
        const findings = [
          'Creating an object that already exists (If-None-Match: *) was answered 200, not 412.',
          'Replacing an object that has changed (If-Match) was answered 200, not 412.',
          'Replacing an object that was deleted (If-Match) was answered 200, not 412.',
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
});

describe('probedWriter', () => {
  function rig(...findings: readonly (readonly string[] | Error)[]) {
    const clock = new FakeClock();
    const bucket = new MemoryBucket();
    let probes = 0;
    const probe = async (): Promise<readonly string[]> => {
      const found = findings[Math.min(probes, findings.length - 1)] ?? [];
      probes += 1;
      if (found instanceof Error) throw found;
      return found;
    };
    return { clock, bucket, writer: probedWriter(bucket.writer, probe, clock.now), probes: () => probes };
  }

  const writes: Readonly<Record<string, (writer: BucketWriter) => Promise<unknown>>> = {
    writeText: (writer) => writer.writeText('demo.json', '{}', 'if-absent'),
    openUpload: (writer) => writer.openUpload('demo-1.tar.xz', {}),
    completeUpload: (writer) => writer.completeUpload('demo-1.tar.xz', 'u', [], 3),
  };

  it('probes once, before the first write, and not before reads', async () => {
    const { writer, probes } = rig([]);
    await writer.head('demo-1.tar.xz');
    await writer.readText('demo.json');
    expect(probes()).toBe(0);
    await Promise.all(Object.values(writes).map((write) => write(writer)));
    await writer.writeText('other.json', '{}', 'if-absent');
    expect(probes()).toBe(1);
  });

  it.each(Object.entries(writes))(
    'refuses %s where the store failed the probe, and says what it answered',
    async (_, write) => {
      const { writer, bucket } = rig(['Creating was answered 200, not 412.']);
      const error = await write(writer).catch((refused: unknown) => refused);
      expect(error).toMatchObject({ status: 409, code: 'no-conditional-writes' });
      expect(String(error)).toMatch(
        /^Problem: Nothing was written: .*Creating was answered 200, not 412\..*"serialised"/,
      );
      expect(bucket.calls).toEqual([]);
    },
  );

  it('probes a store that failed again after a minute', async () => {
    const { writer, clock, probes } = rig(['wrong.'], []);
    const write = () => writer.writeText('demo.json', '{}', 'if-absent');
    await expect(write()).rejects.toMatchObject({ status: 409 });
    clock.advance(59_999);
    await expect(write()).rejects.toMatchObject({ status: 409 });
    expect(probes()).toBe(1);
    clock.advance(1);
    expect(await write()).toBe('written');
  });

  it('probes a store that did not answer again at the next write', async () => {
    const { writer, probes } = rig(away(), []);
    await expect(writer.writeText('demo.json', '{}', 'if-absent')).rejects.toMatchObject({ status: 503 });
    expect(await writer.writeText('demo.json', '{}', 'if-absent')).toBe('written');
    expect(probes()).toBe(2);
  });
});

describe('serialisedWriter', () => {
  /** A store that writes whatever the condition says, and takes its time. */
  function rig() {
    const bucket = new MemoryBucket();
    bucket.delay = () => new Promise((resolve) => setImmediate(resolve));
    const careless: BucketWriter = {
      ...bucket.writer,
      async writeText(key, text) {
        await bucket.delay();
        bucket.put(key, text);
        return 'written';
      },
      async completeUpload(key, uploadId, parts, size) {
        bucket.objects.delete(key);
        return bucket.writer.completeUpload(key, uploadId, parts, size);
      },
    };
    return { bucket, writer: serialisedWriter(careless) };
  }

  it('creates only if the key is unused', async () => {
    const { bucket, writer } = rig();
    expect(await writer.writeText('demo.json', 'one', 'if-absent')).toBe('written');
    expect(await writer.writeText('demo.json', 'two', 'if-absent')).toBe('changed');
    expect(bucket.objects.get('demo.json')?.text).toBe('one');
  });

  it('replaces only the version that was read', async () => {
    const { bucket, writer } = rig();
    bucket.put('demo.json', 'one', {}, '"e1"');
    expect(await writer.writeText('demo.json', 'two', { ifMatch: '"e0"' })).toBe('changed');
    expect(await writer.writeText('gone.json', 'two', { ifMatch: '"e1"' })).toBe('changed');
    expect(bucket.objects.has('gone.json')).toBe(false);
    expect(await writer.writeText('demo.json', 'two', { ifMatch: '"e1"' })).toBe('written');
    expect(bucket.objects.get('demo.json')?.text).toBe('two');
  });

  it('completes an upload only if the key is unused', async () => {
    const { bucket, writer } = rig();
    const complete = async (key: string) => writer.completeUpload(key, await writer.openUpload(key, {}), [], 3);
    expect(await complete('demo-1.tar.xz')).toBe('completed');
    const { etag } = bucket.objects.get('demo-1.tar.xz') ?? {};
    expect(await complete('demo-1.tar.xz')).toBe('taken');
    expect(bucket.objects.get('demo-1.tar.xz')?.etag).toBe(etag);
  });

  it('lets one of several concurrent writers win', async () => {
    const { bucket, writer } = rig();
    bucket.put('demo.json', 'one', {}, '"e1"');
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, number) => writer.writeText('demo.json', `by ${number}`, { ifMatch: '"e1"' })),
    );
    expect(all.filter((result) => result === 'written')).toHaveLength(1);
  });

  it('continues after a write that failed', async () => {
    const { bucket, writer } = rig();
    bucket.fault = (call) => {
      if (call === 'head demo.json') throw new Error('away');
    };
    await expect(writer.writeText('demo.json', 'one', 'if-absent')).rejects.toThrow('away');
    bucket.fault = () => {};
    expect(await writer.writeText('demo.json', 'one', 'if-absent')).toBe('written');
  });
});
