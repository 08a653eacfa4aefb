import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import {
  newOperation,
  type PublishAnswer,
  type PublishRig,
  publishBase,
  publisher,
  publishRig,
} from '../../support/publish-rig.ts';

const route = 'PATCH /publish/catalog/{channel}';
const set = ({ call }: PublishRig, settings: object, channel = 'demo'): Promise<PublishAnswer> =>
  call(route, { channel, body: { operation: newOperation(), ...settings } });
const open = ({ bucket }: PublishRig) => bucket.json('channels.json').public;

async function rigWith(channel = 'demo', more = {}): Promise<PublishRig> {
  const rig = publishRig();
  await rig.add(channel, more);
  return rig;
}

describe('PATCH /publish/catalog/{channel}', () => {
  it('makes a channel public and private again, and the history has who did it', async () => {
    const rig = await rigWith();
    expect(await set(rig, { visibility: 'public' })).toMatchObject({
      status: 200,
      body: {
        channel: 'demo',
        visibility: 'public',
        maxAge: null,
        fresh: true,
        channelUrl: `${publishBase}/channel/demo.tar.xz`,
      },
    });
    expect(open(rig)).toEqual(['demo']);
    expect((await set(rig, { visibility: 'private' })).body).toMatchObject({ visibility: 'private', fresh: true });
    expect(open(rig)).toEqual([]);
    const { serial, history } = rig.bucket.json('demo.json') as { serial: number; history: object[] };
    expect(serial).toBe(3);
    expect(history.slice(1)).toMatchObject([
      { action: 'set', visibility: 'public', by: publisher },
      { action: 'set', visibility: 'private', by: publisher },
    ]);
  });

  it('sets a maximum age, and removes it', async () => {
    const rig = await rigWith();
    expect((await set(rig, { maxAge: 259_200 })).body).toMatchObject({ maxAge: 259_200, visibility: 'private' });
    expect(rig.bucket.json('demo.json')).toMatchObject({ max_age: 259_200, serial: 2 });
    expect((await set(rig, { maxAge: null })).body).toMatchObject({ maxAge: null, fresh: true });
    expect(rig.bucket.json('demo.json')).not.toHaveProperty('max_age');
    expect(rig.bucket.json('demo.json').history).toMatchObject([{}, { maxAge: 259_200 }, { maxAge: null }]);
  });

  it('sets a policy for releases, says that nothing changed the second time, and removes it', async () => {
    const rig = await rigWith();
    const retain = { keep: 20, days: 180 };
    expect((await set(rig, { retain })).body).toMatchObject({ retain, maxAge: null, fresh: true });
    expect((await set(rig, { retain: { days: 180, keep: 20 } })).body).toMatchObject({ retain, fresh: false });
    expect(rig.bucket.json('demo.json')).toMatchObject({ retain, serial: 2 });
    expect((await set(rig, { retain: { keep: 21, days: 180 } })).body).toMatchObject({ fresh: true });
    expect((await set(rig, { retain: null })).body).toMatchObject({ retain: null, fresh: true });
    expect((await set(rig, { retain: null })).body).toMatchObject({ retain: null, fresh: false });
    expect(rig.bucket.json('demo.json')).not.toHaveProperty('retain');
    expect(rig.bucket.json('demo.json').history).toMatchObject([
      {},
      { action: 'set', retain, by: publisher },
      { retain: { keep: 21, days: 180 } },
      { retain: null },
    ]);
  });

  it.each([
    ['keeps nothing', { keep: 0, days: 180 }, 'retain.keep'],
    ['keeps no day', { keep: 20, days: 0 }, 'retain.days'],
    ['keeps half a release', { keep: 1.5, days: 180 }, 'retain.keep'],
    ['keeps more than anybody has', { keep: 10_001, days: 180 }, 'retain.keep'],
    ['keeps for ever', { keep: 20, days: 36_501 }, 'retain.days'],
    ['has no days', { keep: 20 }, 'retain.days'],
    ['has more', { keep: 20, days: 180, weeks: 1 }, 'weeks'],
    ['is a text', '20,180d', 'retain'],
  ])('refuses a policy that %s', async (_, retain, field) => {
    const rig = await rigWith();
    expect(await set(rig, { retain })).toMatchObject({ status: 400, body: { field } });
    expect(rig.bucket.json('demo.json')).toMatchObject({ serial: 1 });
  });

  it('shows both in the list and in the channel, and keeps them through a release', async () => {
    const rig = await rigWith();
    await set(rig, { visibility: 'public', maxAge: 3_600 });
    await rig.publish({ release: 'demo-1' });
    const settings = { visibility: 'public', maxAge: 3_600 };
    const shown = await rig.call('GET /publish/channels/{channel}', { channel: 'demo' });
    expect(shown.body).toMatchObject({ ...settings, latest: 'demo-1' });
    expect((await rig.call('GET /publish/catalog')).body.channels).toMatchObject([settings]);
  });

  it('changes nothing where the setting is the same, and keeps only what changed in the history', async () => {
    const rig = await rigWith();
    await set(rig, { visibility: 'public' });
    rig.bucket.calls.length = 0;
    expect((await set(rig, { visibility: 'public', maxAge: null })).body).toMatchObject({ fresh: false });
    expect(rig.bucket.calls.filter((call) => call.startsWith('put'))).toEqual([]);
    await set(rig, { visibility: 'public', maxAge: 60 });
    const { history } = rig.bucket.json('demo.json') as { history: object[] };
    expect(history.at(-1)).toMatchObject({ action: 'set', maxAge: 60 });
    expect(history.at(-1)).not.toHaveProperty('visibility');
  });

  it('answers a repeat from the history, and a late repeat undoes nothing newer', async () => {
    const rig = await rigWith();
    const body = { operation: newOperation(), visibility: 'public', maxAge: 60 };
    await set(rig, body);
    const again = await set(rig, body);
    expect(again.body).toMatchObject({ fresh: true, visibility: 'public' });
    expect(rig.bucket.json('demo.json').serial).toBe(2);
    await set(rig, { visibility: 'private', maxAge: null });
    expect((await set(rig, body)).body).toMatchObject({ visibility: 'private', maxAge: null });
    expect(open(rig)).toEqual([]);
    expect(rig.bucket.json('demo.json')).not.toHaveProperty('max_age');
  });

  it('does not write the catalog where a newer operation came first', async () => {
    const rig = await rigWith();
    const put = 'put demo.json';
    rig.bucket.fault = (call, moment) => {
      if (call !== put || moment !== 'after') return;
      rig.bucket.fault = () => {};
      const record = rig.bucket.json('demo.json') as { serial: number; history: object[] };
      const newer = { serial: 3, operation: 'operation-newer', action: 'set', visibility: 'private', at: '', by: '' };
      rig.bucket.putJson('demo.json', { ...record, serial: 3, history: [...record.history, newer] });
    };
    expect((await set(rig, { visibility: 'public' })).body).toMatchObject({ visibility: 'private' });
    expect(open(rig)).toEqual([]);
  });

  it('writes nothing in a dry run, and says what it would change', async () => {
    const rig = await rigWith();
    const before = new Map(rig.bucket.objects);
    const asked = { visibility: 'public', maxAge: 60, dryRun: true };
    expect((await set(rig, asked)).body).toMatchObject({ visibility: 'public', maxAge: 60, fresh: true });
    expect(rig.bucket.objects).toEqual(before);
    expect(rig.lines.map(({ message }) => message)).toEqual(['added']);
  });

  it('refuses a channel that is unknown or was removed', async () => {
    const rig = await rigWith();
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation: newOperation() } });
    expect(await set(rig, { visibility: 'public' })).toMatchObject({ status: 410, body: { code: 'gone' } });
    expect(await set(rig, { maxAge: 60 }, 'none')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(open(rig)).toEqual([]);
  });

  it('does not make a channel public that is removed in the meantime', async () => {
    const rig = await rigWith();
    rig.bucket.fault = (call, moment) => {
      if (call === 'put demo.json' && moment === 'after')
        rig.bucket.putJson('channels.json', { channels: [], public: [], removed: ['demo'] });
    };
    expect((await set(rig, { visibility: 'public' })).status).toBe(410);
    expect(open(rig)).toEqual([]);
  });

  it('does not make a channel public of which the record is already marked as removed', async () => {
    const rig = await rigWith();
    const mark = () => rig.bucket.putJson('demo.json', { ...rig.bucket.json('demo.json'), removed: {} });
    rig.bucket.fault = (call, moment) => {
      if (call === 'put demo.json' && moment === 'after') mark();
    };
    expect((await set(rig, { visibility: 'public' })).status).toBe(410);
    rig.bucket.fault = () => {};
    const { serial } = rig.bucket.json('demo.json');
    expect((await set(rig, { maxAge: 60 })).status).toBe(410);
    expect([open(rig), rig.bucket.json('demo.json').serial]).toEqual([[], serial]);
  });

  it('makes a channel private that is removed in the meantime: its releases can still be read', async () => {
    const rig = await rigWith('demo', { visibility: 'public' });
    rig.bucket.fault = (call, moment) => {
      if (call !== 'put demo.json' || moment !== 'after') return;
      rig.bucket.fault = () => {};
      rig.bucket.putJson('demo.json', { ...rig.bucket.json('demo.json'), removed: {} });
      rig.bucket.putJson('channels.json', { channels: [], public: ['demo'], removed: ['demo'] });
    };
    expect(await set(rig, { visibility: 'private' })).toMatchObject({ status: 200, body: { visibility: 'private' } });
    expect(rig.bucket.json('channels.json')).toMatchObject({ channels: [], public: [], removed: ['demo'] });
  });

  it.each(['private', 'public'])(
    'that crashed between its two writes to make a channel %s can be repeated after a removal',
    async (visibility) => {
      const isPrivate = visibility === 'private';
      const rig = await rigWith('demo', { visibility: isPrivate ? 'public' : 'private' });
      const body = { operation: newOperation(), visibility };
      rig.bucket.fault = (call) => {
        if (call === 'put channels.json') throw away();
      };
      expect((await set(rig, body)).status).toBe(503);
      rig.bucket.fault = () => {};
      await rig.call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation: newOperation() } });
      // Only whoever closes a channel is served: a removed channel is never opened.
      expect((await set(rig, body)).status).toBe(isPrivate ? 200 : 410);
      expect(open(rig)).toEqual([]);
      expect((await set(rig, { visibility })).status).toBe(410);
    },
  );

  it.each(['public', 'private'])(
    'to %s at the same time as a removal leaves no other state than one after the other',
    async (visibility) => {
      for (let delay = 0; delay < 12; delay += 1) {
        const rig = await rigWith('demo', { visibility: visibility === 'public' ? 'private' : 'public' });
        rig.bucket.delay = () => rig.clock.sleep(5);
        const setting = set(rig, { visibility });
        await rig.clock.sleep(5 * delay);
        const removal = rig.call('DELETE /publish/catalog/{channel}', {
          channel: 'demo',
          body: { operation: newOperation() },
        });
        const [{ status }, removed] = await Promise.all([setting, removal]);
        expect(removed).toMatchObject({ status: 200, body: { removed: true } });
        const { channels, removed: gone } = rig.bucket.json('channels.json');
        expect([channels, gone]).toEqual([[], ['demo']]);
        expect([200, 410]).toContain(status);
        const isPublic = (open(rig) as string[]).includes('demo');
        expect(isPublic === (visibility === 'public')).toBe(status === 200);
      }
    },
  );

  it('sets what is said about the channel, and the history names what was changed', async () => {
    const rig = await rigWith();
    const about = { homepage: 'https://example.org/', description: 'Tools', aliases: ['nixpkgs/tools', 'tools'] };
    const answer = await set(rig, { ...about, homepage: 'https://EXAMPLE.org', aliases: [...about.aliases, 'tools'] });
    expect(answer).toMatchObject({ status: 200, body: { ...about, fresh: true } });
    expect(rig.bucket.json('demo.json')).toMatchObject({ ...about, serial: 2 });
    expect((await set(rig, { ...about, homepage: 'https://example.org' })).body.fresh).toBe(false);
    await set(rig, { description: 'Other', maxAge: 60 });
    const { history } = rig.bucket.json('demo.json') as { history: object[] };
    expect(history.slice(1)).toMatchObject([
      { action: 'set', reason: 'homepage, description, aliases' },
      { action: 'set', reason: 'description', maxAge: 60 },
    ]);
    const shown = await rig.call('GET /publish/channels/{channel}', { channel: 'demo' });
    expect(shown.body).toMatchObject({ ...about, description: 'Other' });
    const removed = await set(rig, { homepage: null, description: null, aliases: [] });
    expect(removed.body).not.toHaveProperty('homepage');
    for (const name of Object.keys(about)) expect(rig.bucket.json('demo.json')).not.toHaveProperty(name);
    expect(rig.bucket.json('demo.json').latest).toBeNull();
  });

  it('keeps what is said about the channel through a release', async () => {
    const rig = await rigWith();
    await set(rig, { homepage: 'https://example.org/', aliases: ['tools'] });
    await rig.publish({ release: 'demo-1' });
    expect(rig.bucket.json('demo.json')).toMatchObject({ latest: 'demo-1', aliases: ['tools'] });
  });

  it('refuses an alias that another channel has in the registry, as its own name or as an alias', async () => {
    const rig = await rigWith();
    for (const channel of ['nixos-25.05', 'tools', 'damaged']) await rig.add(channel);
    await set(rig, { aliases: ['nixpkgs'] }, 'tools');
    rig.bucket.put('damaged.json', '{');
    for (const [alias, owner] of [
      ['nixpkgs', 'tools'],
      ['tools', 'tools'],
      ['nixos/25.05', 'nixos-25.05'],
    ] as const) {
      const answer = await set(rig, { aliases: ['free', alias] });
      expect(answer).toMatchObject({ status: 409, body: { code: 'alias-used' } });
      expect(answer.body.detail).toContain(`The channel "${owner}" already has the name "${alias}"`);
    }
    expect((await set(rig, { aliases: ['demo', 'nixpkgs/25.05'] })).body.fresh).toBe(true);
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'tools', body: { operation: newOperation() } });
    expect((await set(rig, { aliases: ['nixpkgs'] })).body).toMatchObject({ aliases: ['nixpkgs'] });
  });

  it('answers 503 where it cannot find out who has an alias', async () => {
    const rig = await rigWith();
    await rig.add('tools');
    rig.bucket.fault = (call) => {
      if (call === 'get tools.json') throw away();
    };
    expect((await set(rig, { aliases: ['nixpkgs'] })).status).toBe(503);
    expect(rig.bucket.json('demo.json').serial).toBe(1);
  });

  it('refuses an operation ID that was already used for another request', async () => {
    const rig = await rigWith();
    const operation = newOperation();
    await rig.publish({ release: 'demo-1', operation });
    const answer = await set(rig, { operation, maxAge: 60 });
    expect(answer).toMatchObject({ status: 409, body: { code: 'operation-used' } });
  });

  it.each(['channels.json', 'demo.json'])('does not overwrite a damaged %s', async (key) => {
    const rig = await rigWith();
    rig.bucket.put(key, '{');
    const answer = await set(rig, { visibility: 'public', maxAge: 60 });
    expect(answer).toMatchObject({ status: 409, body: { code: 'damaged' } });
    expect(rig.bucket.objects.get(key)?.text).toBe('{');
  });

  it.each<[string, object]>([
    ['body', {}],
    ['visibility', { visibility: 'open' }],
    ['visibility', { visibility: null }],
    ['visibility', { visibility: ['public'] }],
    ['maxAge', { maxAge: 59 }],
    ['maxAge', { maxAge: 31_536_001 }],
    ['maxAge', { maxAge: 60.5 }],
    ['maxAge', { maxAge: '3d' }],
    ['maxAge', { maxAge: 1e300 }],
    ['homepage', { homepage: 'javascript:alert(1)' }],
    ['homepage', { homepage: '' }],
    ['homepage', { homepage: 7 }],
    ['description', { description: 'a\nb' }],
    ['description', { description: ['a'] }],
    ['aliases', { aliases: 'nixpkgs' }],
    ['aliases', { aliases: null }],
    ['aliases', { aliases: ['nixpkgs', 'a/b/c'] }],
    ['aliases.1', { aliases: ['nixpkgs', 7] }],
    ['aliases', { aliases: Array.from({ length: 21 }, (_, place) => `a${place}`) }],
    ['channel', { channel: 'demo', maxAge: 60 }],
  ])('refuses an invalid %s in %j', async (field, settings) => {
    const rig = await rigWith();
    rig.bucket.calls.length = 0;
    expect(await set(rig, settings)).toMatchObject({ status: 400, body: { code: 'invalid-input', field } });
    expect(rig.bucket.calls).toEqual([]);
  });

  it('logs who changed which setting', async () => {
    const rig = await rigWith();
    await set(rig, { operation: 'operation-x', visibility: 'public' });
    expect(rig.lines.slice(1)).toEqual([
      {
        level: 'info',
        message: 'set',
        channel: 'demo',
        operation: 'operation-x',
        by: publisher,
        visibility: 'public',
        requestId: 'request-1',
      },
    ]);
  });
});

describe('adding a channel with a visibility', () => {
  it('can be public from the start', async () => {
    const rig = publishRig();
    expect((await rig.add('demo', { visibility: 'public' })).body).toMatchObject({ visibility: 'public', fresh: true });
    expect(open(rig)).toEqual(['demo']);
  });

  it('is private on request, even if the catalog already has its name as public', async () => {
    const rig = publishRig();
    rig.bucket.putJson('channels.json', { channels: [], public: ['demo', 'other'] });
    expect((await rig.add('demo')).body).toMatchObject({ visibility: 'public' });
    expect((await rig.add('other', { visibility: 'private' })).body).toMatchObject({ visibility: 'private' });
    expect(open(rig)).toEqual(['demo']);
  });

  it('is not changed by another addition, and a repeat of its own addition gives the same answer', async () => {
    const rig = publishRig();
    const operation = newOperation();
    await rig.add('demo', { operation, visibility: 'public' });
    await set(rig, { visibility: 'private' });
    expect((await rig.add('demo', { operation, visibility: 'public' })).body).toMatchObject({
      fresh: true,
      visibility: 'private',
    });
    const another = await rig.add('demo', { visibility: 'public' });
    expect(another).toMatchObject({ status: 409, body: { code: 'other-visibility' } });
    expect(another.body.detail).toContain('channelctl set demo --visibility public');
    expect((await rig.add('demo')).body).toMatchObject({ fresh: false });
    expect(open(rig)).toEqual([]);
  });
});
