import { describe, expect, it } from '@jest/globals';
import { publishBase, publishRig } from '../../support/publish-rig.ts';

const show = 'GET /publish/channels/{channel}';

describe('GET /publish/channels/{channel}', () => {
  it('shows an empty channel', async () => {
    const { add, call } = publishRig();
    await add('demo');
    const { body } = await call(show, { channel: 'demo' });
    expect(body).toMatchObject({ channel: 'demo', latest: null, serial: 1, previous: 0, fileExtension: '.tar.xz' });
    expect(body).not.toHaveProperty('permanentUrl');
    expect(body).not.toHaveProperty('facts');
  });

  it('shows the latest release, its facts and the history, newest first', async () => {
    const { add, publish, call } = publishRig();
    await add('demo');
    await publish({ release: 'demo-1', more: { lastModified: 5 } });
    await publish({ release: 'demo-2', more: { lastModified: 7 } });
    const { body } = await call(show, { channel: 'demo' });
    expect(body).toMatchObject({
      latest: 'demo-2',
      permanentUrl: `${publishBase}/permanent/demo-2.tar.xz`,
      facts: { release: 'demo-2', lastModified: 7 },
      serial: 3,
      previous: 1,
      history: { entries: [{ release: 'demo-2', from: 'demo-1' }, { release: 'demo-1' }, { action: 'add' }] },
    });
  });

  it('pages through the history', async () => {
    const { bucket, call } = publishRig();
    const previous = Array.from({ length: 150 }, (_, index) => `demo-${index}`);
    bucket.putJson('channels.json', { channels: ['demo'] });
    bucket.putJson('demo.json', { latest: 'demo-150', previous });
    const first = await call(show, { channel: 'demo' });
    const second = await call(show, { channel: 'demo', query: { after: first.body.history.next } });
    const names = [first, second].flatMap(({ body }) =>
      body.history.entries.map(({ release }: { release: string }) => release),
    );
    expect(names).toEqual([...previous].reverse());
    expect(await call(show, { channel: 'demo', query: { after: 'x' } })).toMatchObject({
      status: 400,
      body: { field: 'after' },
    });
  });

  it.each([
    ['an unknown channel', 'none', 404, 'not-found'],
    ['a channel without a record', 'bare', 404, 'not-found'],
    ['a channel that the catalog removed', 'gone', 410, 'gone'],
    ['a channel whose record is removed', 'half', 410, 'gone'],
    ['a damaged record', 'broken', 409, 'damaged'],
    ['what is no name', 'a/b', 400, 'invalid-input'],
    ['nothing', '', 400, 'invalid-input'],
  ])('answers for %s', async (_, channel, status, code) => {
    const { bucket, call } = publishRig();
    bucket.putJson('channels.json', { channels: ['bare', 'half', 'broken'], removed: ['gone'] });
    bucket.putJson('half.json', { removed: true });
    bucket.put('broken.json', '[');
    const answer = await call(show, { channel });
    expect(answer).toMatchObject({
      status,
      contentType: 'application/problem+json',
      body: { status, code, title: code },
    });
    expect(answer.body).toMatchObject({ type: 'about:blank', detail: expect.stringMatching(/\.$|"$/) });
  });
});
