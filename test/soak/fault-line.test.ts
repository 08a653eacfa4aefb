import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TestS3, testS3 } from '../support/test-s3.ts';
import { chooseFault, type Fault, type FaultLine, faultLine, knownUntil } from './fault-line.ts';

const loads = (more: Partial<Parameters<typeof knownUntil>[0] & object> = {}) => ({
  good: [{ begunAt: 10_000, endedAt: 10_010 }],
  faultsAt: [],
  open: new Set<{ readonly begunAt: number }>(),
  ...more,
});

describe('what a server must know', () => {
  it('is what was in the bucket the maximum age before, where nothing failed', () => {
    expect(knownUntil(loads(), 30_000, 30_005, 1_000)).toBe(27_000);
    expect(knownUntil(undefined, 30_000, 30_005, 1_000)).toBe(27_000);
  });

  it('is what the last good load saw, where something failed since or takes long', () => {
    expect(knownUntil(loads({ faultsAt: [25_000] }), 30_000, 30_005, 1_000)).toBe(10_000);
    expect(knownUntil(loads({ faultsAt: [22_000] }), 30_000, 30_005, 1_000)).toBe(27_000);
    expect(knownUntil(loads({ faultsAt: [30_500] }), 30_000, 30_005, 1_000)).toBe(27_000);
    expect(knownUntil(loads({ open: new Set([{ begunAt: 29_000 }]) }), 30_000, 30_005, 1_000)).toBe(10_000);
    expect(knownUntil(loads({ open: new Set([{ begunAt: 29_900 }]) }), 30_000, 30_005, 1_000)).toBe(27_000);
    expect(knownUntil(loads({ good: [], faultsAt: [29_000] }), 30_000, 30_005, 1_000)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is what the last good load saw, where the reader waited so long that the old value is used', () => {
    expect(knownUntil(loads(), 30_000, 30_900, 1_000)).toBe(10_000);
    expect(knownUntil(loads(), 30_000, 30_700, 1_000)).toBe(27_000);
  });
});

describe('the choice of a fault', () => {
  const all = (method: string, url: string): ReadonlySet<Fault | undefined> =>
    new Set(Array.from({ length: 1_000 }, (_, index) => chooseFault(index / 1_000, { method, url })));

  it('leaves most requests alone, and cuts only what can be told to be cut', () => {
    expect([...all('GET', '/b/demo.json?x=1')].toSorted()).toEqual([
      'answer-broken',
      'answer-cut',
      'answer-lost',
      'closed',
      'delay',
      'internal-error',
      'slow-down',
      undefined,
    ]);
    expect(all('GET', '/b/demo-1.tar.xz')).not.toContain('answer-cut');
    expect(all('PUT', '/b/demo.json')).not.toContain('answer-broken');
    expect(all('POST', '/b/demo-1.tar.xz?uploadId=1')).toContain('error-in-200');
    expect(all('POST', '/b/demo-1.tar.xz?uploads')).not.toContain('error-in-200');
    expect(chooseFault(0.5, { method: 'GET', url: '/b/demo.json' })).toBeUndefined();
  });
});

describe('a line with faults', () => {
  let store: TestS3;
  let line: FaultLine;
  let draw: number;
  let client: S3Client;
  beforeEach(async () => {
    store = await testS3();
    draw = 0.99;
    line = await faultLine(`http://${store.host}`, () => draw);
    line.isFaulty = true;
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
    const common = { region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, credentials };
    client = new S3Client({ endpoint: line.endpoint, ...common });
  });
  afterEach(async () => {
    client.destroy();
    await line.close();
    await store.close();
  });

  const put = (Body: string) => client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'demo.json', Body }));
  const stored = async (): Promise<string | undefined> => {
    const found = await store.client
      .send(new GetObjectCommand({ Bucket: 'bucket', Key: 'demo.json' }))
      .catch(() => undefined);
    return found?.Body?.transformToString();
  };
  /** The draw that gives a fault for a write. */
  const drawFor = (fault: Fault): number =>
    Array.from({ length: 1_000 }, (_, index) => index / 1_000).find(
      (one) => chooseFault(one, { method: 'PUT', url: '/bucket/demo.json' }) === fault,
    ) as number;

  it('refuses or drops a write that the bucket never sees', async () => {
    for (const [fault, name] of [
      ['slow-down', 'SlowDown'],
      ['internal-error', 'InternalError'],
      ['closed', 'Error'],
    ] as const) {
      draw = drawFor(fault);
      await expect(put('one')).rejects.toMatchObject({ name: expect.stringContaining(name) });
      expect(await stored()).toBeUndefined();
    }
  });

  it('loses the answer of a write that was done', async () => {
    draw = drawFor('answer-lost');
    await expect(put('two')).rejects.toThrow();
    expect(await stored()).toBe('two');
    expect(line.faults).toEqual({ 'answer-lost': 1 });
  });

  it('tells that the store itself failed, and not of its own faults', async () => {
    draw = drawFor('closed');
    await expect(put('one')).rejects.toThrow();
    expect(line.troubledAt).toBe(Number.NEGATIVE_INFINITY);
    line.isFaulty = false;
    await store.close();
    await expect(put('two')).rejects.toThrow();
    expect(line.troubledAt).toBeGreaterThan(0);
    store = await testS3();
  });

  it('passes everything on while it is not faulty', async () => {
    draw = drawFor('slow-down');
    line.isFaulty = false;
    await put('three');
    expect(await stored()).toBe('three');
    expect(line.faults).toEqual({});
  });
});
