import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exitCodes } from '../../../../lib/client/exit-codes.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { newOperation } from '../../../support/publish-rig.ts';

async function withChannel() {
  const made = commandRig({ operation: newOperation });
  await made.run('add', 'demo');
  made.requests.length = 0;
  return made;
}

describe('channelctl set', () => {
  it('makes a channel public, says when that holds, and that nothing changed the second time', async () => {
    const { run, rig } = await withChannel();
    const args = ['set', 'demo', '--visibility', 'public'];
    expect(await run(...args)).toEqual({
      code: 0,
      err: '',
      out: 'set: demo (public, never overdue)\nWhere tokens are required, it takes effect within the maximum age that is set for the service (by default 30 s on AWS, 0 s with the bucket of npm start).\n',
    });
    expect(rig.bucket.json('channels.json').public).toEqual(['demo']);
    expect((await run(...args)).out).toBe('nothing changed: demo (public, never overdue)\n');
    const { out } = await run('set', 'demo', '--visibility', 'private');
    expect(out).toContain('URLs that were issued before stay valid for up to 15 minutes.');
  });

  it.each([
    ['3d', 259_200, '3d'],
    ['12h', 43_200, '12h'],
    ['90m', 5_400, '90m'],
    ['48h', 172_800, '2d'],
    ['1m', 60, '1m'],
    ['365d', 31_536_000, '365d'],
  ])('sets the maximum age %s', async (text, seconds, said) => {
    const { run, rig } = await withChannel();
    expect((await run('set', 'demo', '--max-age', text)).out).toBe(`set: demo (overdue after ${said})\n`);
    expect(rig.bucket.json('demo.json').max_age).toBe(seconds);
    expect((await run('list')).out).toBe(`demo  .tar.xz  (no release yet)    overdue after ${said}\n`);
    const shown = (await run('show', 'demo')).out;
    expect(shown).toMatch(new RegExp(`overdue +after ${said}\n`));
    expect(shown).toMatch(/visibility +private, where tokens are required\n/);
    expect(shown).toMatch(new RegExp(`set +overdue after ${said} +by arn`));
  });

  it('takes the maximum age away', async () => {
    const { run, rig } = await withChannel();
    await run('set', 'demo', '--max-age', '3d');
    expect((await run('set', 'demo', '--max-age', 'none')).code).toBe(0);
    expect(rig.bucket.json('demo.json')).not.toHaveProperty('max_age');
    expect((await run('show', 'demo')).out).toContain('never overdue');
  });

  it('sets what is said about the channel, shows it, and removes it again', async () => {
    const { run, rig } = await withChannel();
    const line = [
      '--homepage',
      'https://example.org/a',
      '--description',
      'All tools',
      '--alias',
      'a/b',
      '--alias',
      'c',
    ];
    expect((await run('set', 'demo', ...line)).out).toBe(
      'set: demo (never overdue)\nhomepage: https://example.org/a\ndescription: All tools\naliases: a/b c\n',
    );
    expect((await run('set', 'demo', ...line)).out).toMatch(/^nothing changed: demo/);
    const shown = (await run('show', 'demo')).out;
    expect(shown).toMatch(/homepage +https:\/\/example\.org\/a\ndescription +All tools\naliases +a\/b c\n/);
    expect(shown).toMatch(/set +by arn:\S+: homepage, description, aliases\n/);
    expect((await run('set', 'demo', '--alias', 'd')).out).toContain('\naliases: d\n');
    expect((await run('set', 'demo', '--no-alias', '--homepage', '', '--description', '')).out).toBe(
      'set: demo (never overdue)\n',
    );
    for (const name of ['homepage', 'description', 'aliases'])
      expect(rig.bucket.json('demo.json')).not.toHaveProperty(name);
  });

  it('sets only what it is given', async () => {
    const { run, requests } = await withChannel();
    await run('set', 'demo', '--alias', 'a');
    await run('set', 'demo', '--max-age', '1d');
    expect(JSON.stringify(requests)).not.toContain('homepage');
    expect((await run('show', 'demo')).out).toMatch(/aliases +a\n/);
  });

  it('says which rule an alias breaks, without a request', async () => {
    const { run, requests } = await withChannel();
    const { code, err } = await run('set', 'demo', '--alias', 'nixpkgs/a/b');
    expect([code, requests]).toEqual([exitCodes.refused, []]);
    expect(err).toContain('The alias "nixpkgs/a/b" must be an id or an id, a slash and a ref.');
  });

  it('sets a policy, shows it, and removes it', async () => {
    const { run, rig } = await withChannel();
    const policy = 'keeps the newest 20 releases and those of 180 days';
    expect((await run('set', 'demo', '--retain', '20,180d')).out).toBe(
      `set: demo (never overdue)\npolicy: ${policy}\n`,
    );
    expect(rig.bucket.json('demo.json').retain).toEqual({ keep: 20, days: 180 });
    expect((await run('show', 'demo')).out).toMatch(new RegExp(`policy +${policy}\n`));
    expect((await run('history', 'demo')).out).toMatch(new RegExp(`set +${policy} +by arn`));
    // A policy is shown, too, when something else is set.
    expect((await run('set', 'demo', '--max-age', '3d')).out).toBe(`set: demo (overdue after 3d)\npolicy: ${policy}\n`);
    expect((await run('set', 'demo', '--retain', 'none')).out).toBe(
      'set: demo (overdue after 3d)\npolicy: keeps all releases\n',
    );
    expect(rig.bucket.json('demo.json')).not.toHaveProperty('retain');
    expect((await run('show', 'demo')).out).not.toContain('policy');
  });

  it('takes every policy in one form only', async () => {
    const { run, rig } = await withChannel();
    const number = fc.integer({ min: 1, max: 9_999 });
    await fc.assert(
      fc.asyncProperty(number, number, async (keep, days) => {
        await run('set', 'demo', '--retain', `${keep},${days}d`);
        expect(rig.bucket.json('demo.json').retain).toEqual({ keep, days });
      }),
      { numRuns: 20 },
    );
    const pieces = fc.constantFrom('0', '1', '20', ',', 'd', '180d', '-', '+', ' ', '.', 'none', 'e1');
    const text = fc.array(pieces, { maxLength: 5 }).map((all) => all.join(''));
    await fc.assert(
      fc.asyncProperty(
        text.filter((one) => one !== 'none' && !/^[1-9]\d*,[1-9]\d*d$/.test(one)),
        async (one) => {
          const before = rig.bucket.objects.get('demo.json');
          expect((await run('set', 'demo', `--retain=${one}`)).code).toBe(exitCodes.usage);
          expect(rig.bucket.objects.get('demo.json')).toBe(before);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('prints one JSON value with --json', async () => {
    const { run } = await withChannel();
    const settings = { visibility: 'public', maxAge: 3_600 };
    const set = await run('set', 'demo', '--visibility', 'public', '--max-age', '1h', '--json');
    expect(JSON.parse(set.out)).toMatchObject({ channel: 'demo', ...settings, fresh: true });
    expect(JSON.parse((await run('list', '--json')).out)).toMatchObject({ channels: [settings] });
    expect(JSON.parse((await run('show', 'demo', '--json')).out)).toMatchObject(settings);
  });

  it('changes nothing in a dry run', async () => {
    const { run, rig } = await withChannel();
    const before = new Map(rig.bucket.objects);
    expect((await run('set', 'demo', '--visibility', 'public', '--dry-run')).out).toBe(
      'dry run, nothing was changed: set: demo (public, never overdue)\n',
    );
    expect(rig.bucket.objects).toEqual(before);
  });

  it.each([
    ['no channel', ['set'], exitCodes.usage],
    ['another visibility', ['set', 'demo', '--visibility', 'open'], exitCodes.usage],
    ['another unit', ['set', 'demo', '--max-age', '3w'], exitCodes.usage],
    ['no unit', ['set', 'demo', '--max-age', '3'], exitCodes.usage],
    ['no time at all', ['set', 'demo', '--max-age', '0d'], exitCodes.usage],
    ['a policy that keeps nothing', ['set', 'demo', '--retain', '0,180d'], exitCodes.usage],
    ['a policy without days', ['set', 'demo', '--retain', '20'], exitCodes.usage],
    ['a policy without a unit', ['set', 'demo', '--retain', '20,180'], exitCodes.usage],
    ['nothing to set', ['set', 'demo'], exitCodes.refused],
    ['a homepage that is no URL', ['set', 'demo', '--homepage', 'example.org'], exitCodes.refused],
    ['a description of two lines', ['set', 'demo', '--description', 'a\nb'], exitCodes.refused],
    ['more than a year', ['set', 'demo', '--max-age', '366d'], exitCodes.refused],
    ['no channel name', ['set', 'a/b', '--max-age', '3d'], exitCodes.refused],
    ['another visibility of a new channel', ['add', 'new', '--visibility', 'open'], exitCodes.usage],
  ])('refuses %s before any request', async (_, args, exit) => {
    const { run, requests } = await withChannel();
    const { code, out, err } = await run(...args);
    expect([code, out, requests]).toEqual([exit, '', []]);
    expect(err).toMatch(/^channelctl: [^\n]+\n$/);
  });

  it('ends with 6 for a channel that is unknown or removed, and 4 for one that is there otherwise', async () => {
    const { run } = await withChannel();
    expect((await run('set', 'none', '--max-age', '3d')).code).toBe(exitCodes.notFound);
    expect((await run('add', 'demo', '--visibility', 'public')).code).toBe(exitCodes.conflict);
    await run('remove', 'demo', '--yes');
    expect((await run('set', 'demo', '--visibility', 'public')).code).toBe(exitCodes.notFound);
  });

  it('adds a channel that is public from the first', async () => {
    const { run } = await withChannel();
    expect((await run('add', 'new', '--visibility', 'public')).out).toContain('added new (.tar.xz, public)\n');
  });
});
