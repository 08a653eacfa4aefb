import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import { newOperation, type PublishAnswer, type PublishRig, publishRig } from '../../support/publish-rig.ts';

const key = 'facts/demo.json';
const rev = '0a'.repeat(20);
const kept = ({ bucket }: PublishRig, at = key): string[] =>
  Object.keys((bucket.json(at)?.releases as object | undefined) ?? {});

async function rigWith(...releases: string[]): Promise<PublishRig> {
  const rig = publishRig();
  await rig.add('demo');
  for (const release of releases) await rig.publish({ release, more: { rev } });
  return rig;
}

const doctor = ({ call }: PublishRig, after?: string) =>
  call('POST /publish/doctor', { body: { operation: newOperation(), ...(after && { after }) } });
const findings = async ({ call }: PublishRig) =>
  (await call('GET /publish/doctor')).body.findings.map(({ kind, subject }: Record<string, string>) => [kind, subject]);

describe('the facts of the releases', () => {
  it('are kept by each publication, with what the record has of it', async () => {
    const rig = await rigWith('demo-1', 'demo-2');
    const { release, ...facts } = rig.bucket.json('demo.json').facts as Record<string, unknown>;
    expect(facts).toMatchObject({ rev, size: 6, sha256: expect.any(String), etag: expect.any(String) });
    expect(kept(rig)).toEqual(['demo-1', 'demo-2']);
    expect((rig.bucket.json(key).releases as Record<string, unknown>)[release as string]).toEqual(facts);
  });

  it('cost a publication one read and one conditional write', async () => {
    const rig = await rigWith('demo-1');
    const before = rig.bucket.calls.length;
    await rig.publish({ release: 'demo-2' });
    const calls = rig.bucket.calls.slice(before);
    expect(calls.slice(calls.indexOf('put demo.json') + 1)).toEqual([`get ${key}`, `put ${key}`]);
  });

  it('are kept by a promotion', async () => {
    const rig = await rigWith('demo-1');
    await rig.add('other');
    await rig.promote('demo', 'other');
    expect(kept(rig, 'facts/other.json')).toEqual(['demo-1']);
  });

  it.each([`get ${key}`, `put ${key}`])(
    'do not fail a publication when %j fails; the next one adds what is missing',
    async (failing) => {
      const rig = await rigWith('demo-1');
      rig.bucket.fault = (call) => {
        if (call === failing) throw away();
      };
      expect(await rig.publish({ release: 'demo-2', more: { rev } })).toMatchObject({ status: 200 });
      expect(rig.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'facts not kept' }));
      rig.bucket.fault = () => {};
      await rig.publish({ release: 'demo-3', more: { rev } });
      expect(kept(rig).sort()).toEqual(['demo-1', 'demo-2', 'demo-3']);
    },
  );

  it('are filled up by the doctor after a crash between the two writes', async () => {
    const rig = await rigWith('demo-1');
    rig.bucket.fault = (call) => {
      if (call === `put ${key}`) throw away();
    };
    await rig.publish({ release: 'demo-2', more: { rev } });
    rig.bucket.fault = () => {};
    expect(await findings(rig)).toEqual([['release-facts-missing', 'demo']]);
    expect((await doctor(rig)).body.findings).toMatchObject([{ kind: 'release-facts-missing', fixed: true }]);
    expect(kept(rig)).toEqual(['demo-1', 'demo-2']);
    expect(await findings(rig)).toEqual([]);
    expect((await doctor(rig)).body.findings).toEqual([]);
  });

  it('of a publication that lost the race are added to what the other wrote', async () => {
    const rig = await rigWith('demo-1');
    let others = 0;
    rig.bucket.fault = (call, moment) => {
      if (call !== `put ${key}` || moment !== 'before' || others > 1) return;
      others += 1;
      const releases = rig.bucket.json(key).releases as object;
      rig.bucket.putJson(key, { releases: { ...releases, [`other-${others}`]: { etag: '"o"', size: 1 } } });
    };
    await rig.publish({ release: 'demo-2' });
    expect(kept(rig)).toEqual(['demo-1', 'other-1', 'other-2', 'demo-2']);
  });

  it('are given up after some seconds of lost races: the publication is done', async () => {
    const rig = await rigWith('demo-1');
    let writes = 0;
    rig.bucket.fault = (call, moment) => {
      if (call !== `put ${key}` || moment !== 'before') return;
      writes += 1;
      rig.bucket.putJson(key, { releases: { [`other-${writes}`]: { etag: '"o"', size: 1 } } });
    };
    const begun = rig.clock.now();
    expect(await rig.publish({ release: 'demo-2' })).toMatchObject({ status: 200, body: { latest: true } });
    expect(rig.clock.now() - begun).toBeLessThan(5_000);
    expect(kept(rig)).not.toContain('demo-2');
  });

  it('of a bucket without them are added for the newest releases, a few at each publication', async () => {
    const rig = publishRig();
    const previous = Array.from({ length: 50 }, (_, place) => `demo-${100 + place}`);
    rig.bucket.putJson('channels.json', { channels: ['demo'] });
    rig.bucket.putJson('demo.json', { latest: 'demo-200', previous: ['../x', ...previous] });
    for (const release of ['demo-200', ...previous]) rig.bucket.put(`${release}.tar.xz`, 'x', { rev });
    await rig.publish({ release: 'demo-201' });
    expect(kept(rig).sort()).toEqual([...previous.slice(-31), 'demo-200', 'demo-201']);
    await rig.publish({ release: 'demo-202' });
    expect(rig.bucket.calls).not.toContain('head ../x.tar.xz');
    expect(kept(rig).sort()).toEqual([...previous, 'demo-200', 'demo-201', 'demo-202']);
  });

  it('that are damaged stay as they are until the doctor mends them', async () => {
    const rig = await rigWith('demo-1');
    rig.bucket.put(key, '{"rele');
    expect(await rig.publish({ release: 'demo-2', more: { rev } })).toMatchObject({ status: 200 });
    expect(rig.bucket.objects.get(key)?.text).toBe('{"rele');
    expect(await findings(rig)).toEqual([['release-facts-damaged', 'demo']]);
    expect((await doctor(rig)).body.findings).toMatchObject([{ kind: 'release-facts-damaged', fixed: true }]);
    expect(kept(rig)).toEqual(['demo-2', 'demo-1']);
    expect(await findings(rig)).toEqual([]);
  });

  it('of other bytes are replaced by the doctor', async () => {
    const rig = await rigWith('demo-1', 'demo-2');
    rig.bucket.put('demo-1.tar.xz', 'again', { channel: 'demo' });
    expect(await findings(rig)).toEqual([['release-facts-missing', 'demo']]);
    await doctor(rig);
    expect((rig.bucket.json(key).releases as Record<string, object>)['demo-1']).toMatchObject({ size: 5 });
    expect(await findings(rig)).toEqual([]);
  });

  it('of 1,000 releases are filled up by the doctor in several requests, and damage is reported once', async () => {
    const rig = publishRig();
    const previous = Array.from({ length: 1_000 }, (_, place) => `demo-${place}`);
    rig.bucket.putJson('channels.json', { channels: ['demo'] });
    rig.bucket.putJson('demo.json', { latest: 'demo-x', previous });
    for (const release of ['demo-x', ...previous]) rig.bucket.put(`${release}.tar.xz`, 'x', { rev });
    rig.bucket.put(key, 'damaged');
    expect(await findings(rig)).toEqual([
      ['facts-missing', 'demo'],
      ['release-facts-damaged', 'demo'],
    ]);
    let most = 0;
    const walk = async (page: (after: string | undefined) => Promise<PublishAnswer>): Promise<string[]> => {
      const kinds: string[] = [];
      let after: string | undefined;
      do {
        const before = rig.bucket.calls.length;
        const { body } = await page(after);
        most = Math.max(most, rig.bucket.calls.length - before);
        kinds.push(...body.findings.map(({ kind }: { kind: string }) => kind));
        after = body.next;
      } while (after !== undefined);
      return kinds.filter((kind) => kind.startsWith('release-facts'));
    };
    const examined = await walk((after) =>
      rig.call('GET /publish/doctor', { query: after === undefined ? {} : { after } }),
    );
    expect(examined).toEqual(['release-facts-damaged']);
    const kinds = await walk((after) => doctor(rig, after));
    expect(kept(rig).sort()).toEqual(['demo-x', ...previous].sort());
    expect(kinds.filter((kind) => kind === 'release-facts-damaged')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'release-facts-missing')).toHaveLength(3);
    expect(most).toBeLessThan(330);
  });

  it('of a removed channel, and of objects that are missing, are not asked for', async () => {
    const rig = await rigWith('demo-1', 'demo-2');
    rig.bucket.objects.delete(key);
    rig.bucket.objects.delete('demo-1.tar.xz');
    await doctor(rig);
    expect(kept(rig)).toEqual(['demo-2']);
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation: newOperation() } });
    rig.bucket.objects.delete(key);
    await doctor(rig);
    expect(rig.bucket.objects.has(key)).toBe(false);
  });
});
