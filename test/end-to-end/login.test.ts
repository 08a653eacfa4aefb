import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { launch } from '../support/launch.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { newKey, token } from '../support/tokens.ts';

let directory: TemporaryDirectory;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'netrc');
});
afterEach(() => directory.remove());

const text = token(newKey('ES256'), { sub: 'ci', exp: Math.floor(Date.now() / 1_000) + 3_600 });
const entryOf = (host: string) => `machine ${host} login token password ${text}`;

it('eight runs of "channelctl login" at once lose no entry', async () => {
  const hosts = Array.from({ length: 8 }, (_, index) => `host-${index}.test`);
  const file = directory.file('token', text);
  const runs = hosts.map((host) =>
    launch(process.execPath, ['bin/channelctl.ts', 'login', `https://${host}`, '--token', file, '--netrc', path], {
      NIX_CONF_DIR: directory.path,
    }),
  );
  expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual(hosts.map(() => 0));
  expect(readFileSync(path, 'utf8').trimEnd().split('\n').sort()).toEqual(hosts.map(entryOf).sort());
  expect(readdirSync(directory.path).sort()).toEqual(['netrc', 'token']);
});

/** Runs the command on a pseudo-terminal, which util-linux makes, types at its prompt, and tells the terminal's state afterwards. */
async function onTerminal(typed: string): Promise<string> {
  const command = `'${process.execPath}' bin/channelctl.ts login https://nix.example.org --netrc '${path}'`;
  const line = `${command}; echo "code $?"; stty -a`;
  const run = launch('script', ['-qec', line, '/dev/null'], { NIX_CONF_DIR: directory.path }, 'pipe');
  await run.until('Token (not shown), then Enter: ');
  run.child.stdin?.write(typed);
  expect(await run.ended).toBe(0);
  return run.printed();
}

const onLinux = process.platform === 'linux' ? it : it.skip;
/** As `stty -a` says it: input is shown again, and edited by the terminal. */
const isRestored = expect.stringMatching(/ icanon .* echo /s);

onLinux('channelctl login on a terminal asks for the token and does not show it', async () => {
  const printed = await onTerminal(`${text}\r`);
  expect(printed).toContain('code 0');
  expect(printed).toContain(`the entry of nix.example.org added to ${path}`);
  for (const part of text.split('.')) expect(printed).not.toContain(part);
  expect(printed).toEqual(isRestored);
  expect(readFileSync(path, 'utf8')).toBe(`${entryOf('nix.example.org')}\n`);
});

onLinux('channelctl login on a terminal ends at Ctrl-C, writes nothing and leaves the terminal as it was', async () => {
  const printed = await onTerminal(`${text.slice(0, 100)}\x03`);
  expect(printed).toContain('code 130');
  expect(printed).not.toContain(text.slice(0, 20));
  expect(printed).toEqual(isRestored);
  expect(existsSync(path)).toBe(false);
});
