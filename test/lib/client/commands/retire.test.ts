import { describe, expect, it } from '@jest/globals';
import { batches } from '../../../../lib/client/commands/retire.ts';
import { exitCodes } from '../../../../lib/client/exit-codes.ts';
import { commandRig } from '../../../support/command-rig.ts';
import { newOperation } from '../../../support/publish-rig.ts';

async function rig(typed?: string) {
  let operations = 0;
  const operation = (): string => {
    operations += 1;
    return `operation-of-run-${operations}`;
  };
  const made = commandRig({ operation, stdin: `${typed}\n`, isTyped: typed !== undefined });
  await made.rig.add('demo');
  for (const release of ['demo-1', 'demo-2', 'demo-3']) {
    await made.rig.publish({ release });
    await made.rig.clock.sleep(86_400_000);
  }
  const record = () => made.rig.bucket.json('demo.json') as { retired?: object; pinned?: object; latest?: string };
  return { ...made, record };
}

describe('channelctl retire', () => {
  it('shows the releases with dates, sizes and the sum, then retires exactly those', async () => {
    const { run, record } = await rig();
    const { code, out } = await run('retire', 'demo', 'demo-1', 'demo-2', '--reason', 'old', '--yes');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^demo-1 {2}2026-01-01 {2}6 B\ndemo-2 {2}2026-01-02 {2}6 B\n2 releases, 12 B\nretired 2 releases of demo: readers get 410\nUntil 2026-02-03T\S+ "channelctl retire demo RELEASE --undo" undoes it\./,
    );
    expect(Object.keys(record().retired ?? {})).toEqual(['demo-1', 'demo-2']);
  });

  it('selects by age and number, and passes over what is pinned', async () => {
    const { run, record } = await rig();
    await run('pin', 'demo', 'demo-1', '--reason', 'ours');
    const { out } = await run(
      ...['retire', 'demo', '--older-than', '1d', '--keep', '1', '--reason', 'old', '--dry-run'],
    );
    expect(out).toBe(
      'demo-2  2026-01-02  6 B\n1 release, 6 B\nkept demo-1: it is pinned\ndry run, nothing was changed: would retire demo-2 of demo\n',
    );
    expect(record()).not.toHaveProperty('retired');
    await run('unpin', 'demo', 'demo-1');
    expect((await run('retire', 'demo', '--keep', '3', '--reason', 'old', '--yes')).out).toBe(
      'nothing changed: there is nothing to retire in demo\n',
    );
  });

  it('asks on a terminal for the name of the channel, and changes nothing without it', async () => {
    const wrong = await rig('yes');
    const refused = await wrong.run('retire', 'demo', 'demo-1', '--reason', 'old');
    expect(refused).toMatchObject({
      code: exitCodes.usage,
      err: expect.stringContaining('That is not the name "demo": nothing was retired.'),
    });
    expect(refused.out).toContain('1 release, 6 B\n');
    expect(refused.err).toContain('Readers will get 410 for this release of demo');
    expect(wrong.record()).not.toHaveProperty('retired');
    const right = await rig('demo');
    expect((await right.run('retire', 'demo', 'demo-1', '--reason', 'old')).code).toBe(0);
    expect(right.record()).toHaveProperty('retired');
  });

  it('is a usage error without a terminal and --yes', async () => {
    const { run, record } = await rig();
    expect(await run('retire', 'demo', 'demo-1', '--reason', 'old')).toMatchObject({
      code: exitCodes.usage,
      err: expect.stringMatching(/^channelctl: Retiring 1 release of "demo" needs a confirmation, .*--yes.*--dry-run/),
    });
    expect(record()).not.toHaveProperty('retired');
  });

  it.each([
    [['demo-1'], /Give --reason, or --undo/],
    [['demo-1', '--undo', '--reason', 'x'], /Give --reason, or --undo/],
    [['--reason', 'x'], /Name the releases, or choose them/],
    [['demo-1', '--keep', '2', '--reason', 'x'], /Name the releases, or choose them/],
    [['demo-1', '--undo', '--shared'], /--undo takes the names/],
    [['../x', '--reason', 'x'], /The release name/],
  ])('%j is refused before anything is sent', async (args, message) => {
    const { run, requests } = await rig();
    expect(await run('retire', 'demo', ...args)).toMatchObject({
      code: exitCodes.refused,
      err: expect.stringMatching(message),
    });
    expect(requests).toEqual([]);
  });

  it('refuses what is held in one line that says what to do', async () => {
    const { run } = await rig();
    const { code, err } = await run('retire', 'demo', 'demo-3', '--reason', 'old', '--yes');
    expect(code).toBe(exitCodes.conflict);
    expect(err).toMatch(/^channelctl: "demo-3" is the latest release of "demo", which is never retired\. .*\n$/);
  });

  it('undoes a retirement, and prints one JSON value with --json', async () => {
    const { run, record } = await rig();
    const { out } = await run('retire', 'demo', 'demo-1', '--reason', 'old', '--yes', '--json');
    expect(JSON.parse(out)).toMatchObject({ action: 'retire', fresh: true, releases: [{ release: 'demo-1' }] });
    expect((await run('retire', 'demo', 'demo-1', '--undo', '--dry-run')).out).toMatch(/would make demo-1 of demo/);
    expect((await run('retire', 'demo', 'demo-1', '--undo')).out).toMatch(/^demo-1 of demo is available again\n/);
    expect((await run('retire', 'demo', 'demo-1', '--undo')).out).toMatch(/^nothing changed: no such release/);
    expect(record()).not.toHaveProperty('retired');
  });

  it('is shown by show and history, with its reason', async () => {
    const { run } = await rig();
    await run('pin', 'demo', 'demo-3', '--reason', 'ours');
    await run('retire', 'demo', 'demo-1', 'demo-2', '--reason', 'old', '--yes');
    const shown = (await run('show', 'demo')).out;
    expect(shown).toMatch(/^pinned +demo-3: ours$/m);
    expect(shown).toMatch(/^retired +demo-1: old \(until 2026-02-03T/m);
    expect((await run('history', 'demo')).out).toMatch(/ retire +2 releases +by arn:\S+: old$/m);
  });
});

describe('names of releases in several requests', () => {
  it('are each in one of them, none of which is too large for the API', () => {
    const names = Array.from({ length: 25_000 }, (_, index) => `${'x'.repeat(120)}-${index}`);
    const all = batches(names);
    expect(all.flat()).toEqual(names);
    expect(all.every((one) => one.length <= 10_000 && JSON.stringify(one).length < 950_000)).toBe(true);
    expect(batches(['a', 'b'])).toEqual([['a', 'b']]);
    expect(batches([])).toEqual([]);
  });
});

describe('channelctl takedown', () => {
  it('asks for the name of the release, and marks it everywhere', async () => {
    const { run, record } = await rig('demo-3');
    const { code, out, err } = await run('takedown', 'demo', 'demo-3', '--reason', 'law', '--keep-object');
    expect(code).toBe(0);
    expect(err).toMatch(
      /its object with all versions will be deleted\. Nothing undoes this\.\nType the name of the release to take it down: $/,
    );
    expect(out).toMatch(
      /^took down demo-3: readers get 410\ndemo points to demo-2\nThe object "demo-3\.tar\.xz" in the bucket "the-bucket" was not deleted\.\n/,
    );
    expect(out).toMatch(/replace it: others may have it\.\n$/);
    expect(record().latest).toBe('demo-2');
  });

  it('says in a dry run where the channels would point, and needs --yes without a terminal', async () => {
    const { run, record } = await rig();
    expect((await run('takedown', 'demo', 'demo-3', '--reason', 'law', '--dry-run')).out).toBe(
      'dry run, nothing was changed: would take down demo-3 of demo; afterwards\ndemo points to demo-2\n',
    );
    expect((await run('takedown', 'demo', 'demo-3', '--reason', 'law')).code).toBe(exitCodes.usage);
    expect((await run('takedown', 'demo', 'demo-3')).code).toBe(exitCodes.usage);
    expect(record().latest).toBe('demo-3');
  });

  it.each([
    [{ why: 'locked', until: '2030-01-01T00:00:00Z' }, exitCodes.conflict, /locked until 2030-01-01T00:00:00Z/],
    [{ why: 'denied' }, exitCodes.noAccess, /Access Denied \(403\)\. Run the same command with credentials/],
  ])('ends with an error where the object stays: %j', async (kept, exitCode, message) => {
    const { why, until }: { readonly why: string; readonly until?: string } = kept;
    const { rig: publishing } = await rig();
    const { apiSend } = await import('../../../support/api-send.ts');
    const api = apiSend(publishing);
    const { run } = commandRig(
      {
        operation: newOperation,
        send: async (exchange) => {
          const { url, method } = exchange;
          if (url.hostname === 'api.test') return api.send(exchange);
          if (url.searchParams.has('versions'))
            return { status: 200, body: '<Version><Key>demo-3.tar.xz</Key><VersionId>v1</VersionId></Version>' };
          if (method === 'GET' && url.searchParams.has('retention') && why === 'locked')
            return { status: 200, body: `<Retention><RetainUntilDate>${until}</RetainUntilDate></Retention>` };
          return { status: 403, body: '<Message>Access Denied</Message>' };
        },
      },
      publishing,
    );
    const answer = await run('takedown', 'demo', 'demo-3', '--reason', 'law', '--yes', '--json');
    expect(answer.code).toBe(exitCode);
    expect(JSON.parse(answer.out).deletion).toMatchObject({ deleted: 0, kept: [{ version: 'v1', why }] });
    expect((await run('takedown', 'demo', 'demo-3', '--reason', 'law', '--yes')).out).toMatch(message);
  });
});
