import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createNotify, passedSockets, watchdogIntervalMs } from '../../../lib/server/systemd.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

describe('what systemd passes', () => {
  it('are sockets from descriptor 3 on, for this process only', () => {
    const environment = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:metrics:b' };
    expect(passedSockets(environment, 7)).toEqual({ serve: [3, 5], metrics: [4] });
    expect(passedSockets({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7)).toEqual({ serve: [3], metrics: [] });
    expect(passedSockets(environment, 8)).toEqual({ serve: [], metrics: [] });
    expect(passedSockets({}, 8)).toEqual({ serve: [], metrics: [] });
    expect(() => passedSockets({ LISTEN_PID: '7', LISTEN_FDS: 'x' }, 7)).toThrow(/^LISTEN_FDS must be a number/);
  });

  it('is a watchdog that hears from the service twice in its time', () => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 7)).toBe(30_000);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '60000000' }, 7)).toBe(30_000);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, 7)).toBe(undefined);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '' }, 7)).toBe(undefined);
    expect(watchdogIntervalMs({}, 7)).toBe(undefined);
  });
});

describe('what systemd is told', () => {
  let directory: TemporaryDirectory;
  const { PATH } = process.env;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => {
    directory.remove();
  });

  it('is said by systemd-notify, and by nobody where nobody listens', async () => {
    const failures: Error[] = [];
    const heard = `${directory.path}/heard`;
    chmodSync(directory.file('systemd-notify', `#!/bin/sh\necho "$@" >>${heard}\n`), 0o755);
    await createNotify({ PATH: `${directory.path}:${PATH}` }, (error) => failures.push(error))('READY=1');
    const notify = createNotify({ NOTIFY_SOCKET: '/run/x', PATH: `${directory.path}:${PATH}` }, (error) =>
      failures.push(error),
    );
    await notify('READY=1');
    await notify('STOPPING=1');
    expect([readFileSync(heard, 'utf8'), failures]).toEqual(['READY=1\nSTOPPING=1\n', []]);
  });

  it('is a failure where there is no systemd-notify, and the server goes on', async () => {
    const failures: NodeJS.ErrnoException[] = [];
    await createNotify({ NOTIFY_SOCKET: '/run/x', PATH: directory.path }, (error) => failures.push(error))('READY=1');
    expect(failures.map(({ code }) => code)).toEqual(['ENOENT']);
  });
});

function hasAnalyze(): boolean {
  try {
    execFileSync('systemd-analyze', ['--version']);
    return true;
  } catch {
    return false;
  }
}

const unit = fileURLToPath(new URL('../../../contrib/nix-channel-server.service', import.meta.url));

if (hasAnalyze())
  it('the unit has an exposure of at most 1.5, as systemd-analyze counts', () => {
    const said = execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit], {
      encoding: 'utf8',
    });
    const [, exposure] = /Overall exposure level for nix-channel-server\.service: ([\d.]+)/.exec(said) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  });
else it.skip('the unit has an exposure of at most 1.5, where systemd-analyze is installed', () => {});

it('the unit names only flags that the server has', () => {
  const help = execFileSync(process.execPath, ['bin/server.ts', '--help'], {
    encoding: 'utf8',
    cwd: new URL('../../..', import.meta.url),
  });
  const flags = readFileSync(unit, 'utf8').match(/(?<= )--[a-z-]+/g) ?? [];
  expect(flags.length).toBeGreaterThan(3);
  expect(flags.filter((flag) => !help.includes(`${flag} `) && flag !== '--jitless')).toEqual([]);
});
