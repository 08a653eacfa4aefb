import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { launch } from '../support/launch.ts';
import { tarball } from '../support/tarball.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';

let directory: TemporaryDirectory;
let path: string;
beforeAll(() => {
  directory = temporaryDirectory();
  path = directory.file('demo-1.tar.xz', tarball('word'));
});
afterAll(() => directory.remove());

/** What the command prints on a pseudo-terminal, which util-linux makes. */
async function onTerminal(environment: Readonly<Record<string, string>>): Promise<string> {
  const line = `'${process.execPath}' bin/channelctl.ts inspect '${path}'`;
  const run = launch('script', ['-qec', line, '/dev/null'], { TMPDIR: directory.path, ...environment });
  expect(await run.ended).toBe(0);
  expect(run.printed()).toContain('narHash');
  return run.printed();
}

const colour = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`);
const drawing = '\r\x1b[K';

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('draws progress on a terminal, without colours', async () => {
  for (const environment of [
    { TERM: 'xterm-256color' },
    { TERM: 'xterm', NO_COLOR: '1' },
    { TERM: 'xterm', FORCE_COLOR: '1' },
  ]) {
    const text = await onTerminal(environment);
    expect(text).toContain(drawing);
    expect(text).not.toMatch(colour);
  }
});

onLinux('draws nothing on a terminal that cannot', async () => {
  const text = await onTerminal({ TERM: 'dumb' });
  expect(text).not.toContain('\x1b');
  expect(text).toContain('hashing 2.5 KiB\r\n');
});

it('draws nothing where there is no terminal', async () => {
  const run = launch(process.execPath, ['bin/channelctl.ts', 'inspect', path], { TERM: 'xterm', FORCE_COLOR: '1' });
  expect(await run.ended).toBe(0);
  expect(run.printed()).not.toContain('\x1b');
  expect(run.printed()).toContain('hashing 2.5 KiB\n');
});

onLinux('goes on where nobody reads what it prints', async () => {
  const line = `set -o pipefail; '${process.execPath}' bin/channelctl.ts inspect '${path}' | true`;
  const run = launch('bash', ['-c', line], { TMPDIR: directory.path });
  expect(await run.ended).toBe(0);
  expect(run.printed()).not.toContain('EPIPE');
});
