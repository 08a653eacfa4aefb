import { describe, expect, it } from '@jest/globals';
import { newOperation, publishRig } from '../support/publish-rig.ts';
import { base, channelMaxAge, serveRig } from '../support/serve-rig.ts';

const rev = '0a'.repeat(20);

/** Both functions over one bucket. */
function rigs() {
  const publisher = publishRig();
  return { publisher, reader: serveRig({ bucket: publisher.bucket, clock: publisher.clock }) };
}

describe('what is published is read', () => {
  it('with the facts that were declared, at once by a reader who saw nothing before', async () => {
    const { publisher, reader } = rigs();
    await publisher.add('demo', { fileExtension: '.iso' });
    await publisher.publish({ release: 'demo-1', more: { rev, lastModified: 7 } });
    const { status, headers } = await reader.get('/channel/demo.iso');
    expect(status).toBe(307);
    expect(headers.link).toBe(`<${base}/permanent/demo-1.iso?rev=${rev}&lastModified=7>; rel="immutable"`);
    const { pathname } = new URL(headers.location as string);
    expect((await reader.get(pathname)).headers.location).toContain('https://bucket.test/demo-1.iso');
    expect((await reader.head(pathname)).headers['content-length']).toBe('6');
  });

  it('by a reader who saw the one before as soon as its record is old; the one before stays', async () => {
    const { publisher, reader } = rigs();
    await publisher.add('demo');
    await publisher.publish({ release: 'demo-1' });
    const first = await reader.get('/channel/demo.tar.xz');
    const known = (await reader.head('/permanent/demo-1.tar.xz')).headers.etag as string;
    await publisher.publish({ release: 'demo-2' });
    expect(await reader.get('/channel/demo.tar.xz')).toEqual(first);
    expect((await reader.get('/channel/demo.tar.xz', { 'if-none-match': known })).status).toBe(304);
    publisher.clock.advance(channelMaxAge);
    const second = await reader.get('/channel/demo.tar.xz', { 'if-none-match': known });
    expect([second.status, second.headers.location]).toEqual([307, `${base}/permanent/demo-2.tar.xz`]);
    expect((await reader.get('/permanent/demo-1.tar.xz')).status).toBe(307);
  });

  it('under the URLs that the publisher was told', async () => {
    const { publisher, reader } = rigs();
    await publisher.add('demo');
    const { body } = await publisher.publish({ release: 'demo-1' });
    for (const url of [body.channelUrl, body.permanentUrl])
      expect((await reader.get(new URL(url).pathname)).status).toBe(307);
  });

  it('with the facts of all releases, also of a promoted one, and the document that has them is not served', async () => {
    const { publisher, reader } = rigs();
    await publisher.add('demo');
    await publisher.add('stable');
    await publisher.publish({ release: 'demo-1', more: { rev, lastModified: 7 } });
    await publisher.publish({ release: 'demo-2', more: { revCount: 8 } });
    const body = { operation: newOperation(), release: 'demo-1' };
    await publisher.call('POST /publish/promotions/{from}/{to}', { pair: { from: 'demo', to: 'stable' }, body });
    const releasesOf = async (channel: string) =>
      JSON.parse((await reader.get(`/channel/${channel}.json`)).body).releases;
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await releasesOf('demo')).toMatchObject([
      { release: 'demo-2', revCount: 8, size: 6, sha256 },
      { release: 'demo-1', rev, lastModified: 7, size: 6, sha256 },
    ]);
    expect(await releasesOf('stable')).toMatchObject([{ release: 'demo-1', rev, size: 6 }]);
    expect(publisher.bucket.objects.has('facts/demo.json')).toBe(true);
    for (const path of ['/permanent/facts/demo.json', '/channel/facts/demo.json', '/permanent/facts%2Fdemo.json'])
      expect((await reader.get(path)).status).toBe(404);
  });

  it('never an upload that was not committed, nor what is kept of it', async () => {
    const { publisher, reader } = rigs();
    await publisher.add('demo');
    await publisher.declare({ release: 'demo-1', operation: 'operation-a' });
    const [kept] = [...publisher.bucket.objects.keys()].filter((key) => key.startsWith('uploads/'));
    expect(kept).toBeDefined();
    for (const path of ['/channel/demo.tar.xz', '/permanent/demo-1.tar.xz', `/permanent/${kept}`])
      expect((await reader.get(path)).status).toBe(404);
  });

  it('at every moment of a publication: the old release or the new one', async () => {
    const { publisher } = rigs();
    const { bucket, clock } = publisher;
    await publisher.add('demo');
    await publisher.publish({ release: 'demo-1' });
    const seen: string[] = [];
    let reading: Promise<unknown> = Promise.resolve();
    bucket.fault = (call) => {
      if (!/^(open|put|complete)/.test(call)) return;
      const { get } = serveRig({ bucket, clock });
      reading = Promise.all([
        reading,
        get('/channel/demo.tar.xz').then(({ headers }) => seen.push(headers.location as string)),
      ]);
    };
    await publisher.publish({ release: 'demo-2' });
    bucket.fault = () => {};
    await reading;
    expect(seen.length).toBeGreaterThan(5);
    const places = [...new Set(seen)].map((location) => location.replace(`${base}/permanent/`, ''));
    expect(places).toEqual(['demo-1.tar.xz', 'demo-2.tar.xz']);
  });
});
