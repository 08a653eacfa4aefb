import { describe, expect, it } from '@jest/globals';
import type { BucketWriter } from '../../../../lib/store/write/bucket-writer.ts';
import { probedWriter } from '../../../../lib/store/write/probed-writer.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';

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

describe('a writer that asks the store first', () => {
  it('asks once, before the first write, and not to read', async () => {
    const { writer, probes } = rig([]);
    await writer.head('demo-1.tar.xz');
    await writer.readText('demo.json');
    expect(probes()).toBe(0);
    await Promise.all(Object.values(writes).map((write) => write(writer)));
    await writer.writeText('other.json', '{}', 'if-absent');
    expect(probes()).toBe(1);
  });

  it.each(Object.entries(writes))(
    'refuses %s where the store was found wanting, and says what it did',
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

  it('asks a refused store again after a minute', async () => {
    const { writer, clock, probes } = rig(['wrong.'], []);
    const write = () => writer.writeText('demo.json', '{}', 'if-absent');
    await expect(write()).rejects.toMatchObject({ status: 409 });
    clock.advance(59_999);
    await expect(write()).rejects.toMatchObject({ status: 409 });
    expect(probes()).toBe(1);
    clock.advance(1);
    expect(await write()).toBe('written');
  });

  it('takes a store that did not answer for neither', async () => {
    const { writer, probes } = rig(away(), []);
    await expect(writer.writeText('demo.json', '{}', 'if-absent')).rejects.toMatchObject({ status: 503 });
    expect(await writer.writeText('demo.json', '{}', 'if-absent')).toBe('written');
    expect(probes()).toBe(2);
  });
});
