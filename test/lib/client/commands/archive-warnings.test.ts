import { afterAll, describe, expect, it } from '@jest/globals';
import { commandRig } from '../../../support/command-rig.ts';
import { file, tar, top } from '../../../support/nar/tar-blocks.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

const environment = { CHANNELCTL_URL: 'https://api.test', XDG_STATE_HOME: directory.path, TMPDIR: directory.path };
const flat = directory.file('demo-1.tar.xz', tar(...top, file('flake.nix', '{ }'), file('Top', 'x')));
const codes = ['several-top-level-entries', 'names-differ-in-case'];
const lines = [
  'warning: The archive has 3 entries at its top: nix-channel and Nix before 2.21 want a single directory.',
  "warning: 'top' and 'Top' differ only in case: a file system that ignores case, as on macOS, does not keep both.",
];
const warned = (err: string) => err.split('\n').filter((line) => line.startsWith('warning: '));

async function rigWithDemo() {
  const { run } = commandRig({ environment });
  expect((await run('add', 'demo')).code).toBe(0);
  return run;
}

describe('warnings of an archive', () => {
  it('are lines of standard error in inspect, which ends with 0', async () => {
    const { code, out, err } = await commandRig({ environment }).run('inspect', flat);
    expect([code, warned(err)]).toEqual([0, lines]);
    expect(out).not.toContain('warning');
  });

  it('are in the JSON of inspect, empty where there are none', async () => {
    const { run } = commandRig({ environment });
    expect(JSON.parse((await run('inspect', flat, '--json')).out).warnings).toEqual(
      codes.map((code, at) => ({ code, message: lines[at]?.replace('warning: ', '') })),
    );
    const good = directory.file('good.tar', tar(...top, file('top/flake.nix', '{ }')));
    const { code, out, err } = await run('inspect', good, '--json');
    expect([code, JSON.parse(out).warnings, warned(err)]).toEqual([0, [], []]);
    const plain = directory.file('plain.iso', 'x');
    expect(JSON.parse((await run('inspect', plain, '--json')).out).warnings).toEqual([]);
  });

  it.each([['--dry-run'], []])('are told by publish %s, which goes through', async (...flags) => {
    const run = await rigWithDemo();
    const { code, err } = await run('publish', 'demo', flat, ...flags);
    expect([code, warned(err)]).toEqual([0, lines]);
    const again = await run('publish', 'demo', flat, '--json', ...flags);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ release: 'demo-1', warnings: codes.map((code) => ({ code })) });
  });

  it('are told of a directory that is packed', async () => {
    const run = await rigWithDemo();
    const source = temporaryDirectory();
    try {
      source.file('a', 'x');
      const { code, err } = await run('publish', 'demo', source.path);
      expect([code, warned(err)]).toEqual([0, [expect.stringContaining('There is no flake.nix and no default.nix')]]);
    } finally {
      source.remove();
    }
  });
});
