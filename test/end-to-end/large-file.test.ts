import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { launch, type Started } from '../support/launch.ts';

const gibibyte = 1024 ** 3;
const mebibyte = 1024 ** 2;

/** The highest resident memory of a running process so far, in bytes; undefined where there is no /proc. */
async function peakMemory({ child }: Started): Promise<number | undefined> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Runs a script to its end; gives its exit code and the last of its peaks that was seen. */
async function watched(started: Started): Promise<{ readonly code: number | null; readonly peak: number }> {
  let peak = 0;
  const timer = setInterval(async () => {
    peak = (await peakMemory(started)) ?? peak;
  }, 50);
  const code = await started.ended;
  clearInterval(timer);
  return { code, peak };
}

it('the command publishes a file of 1 GiB with flat memory, and so does the stand-in for S3', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nix-channel-large-'));
  const port = await freePort();
  const system = launch(process.execPath, ['bin/local.ts'], {
    PORT: port,
    S3_PORT: await freePort(),
    DATA_DIR: join(directory, 'data'),
  });
  try {
    const path = join(directory, 'images-large.iso');
    await writeFile(path, 'not all zeros');
    await truncate(path, gibibyte);
    await system.until('Ctrl-C ends it.');
    const before = (await peakMemory(system)) ?? 0;
    const publisher = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };
    const url = ['--url', `http://127.0.0.1:${port}`];
    const added = launch(
      process.execPath,
      ['bin/channelctl.ts', ...url, 'add', 'images', '--file-extension', '.iso'],
      publisher,
    );
    expect(await added.ended).toBe(0);
    const command = launch(process.execPath, ['bin/channelctl.ts', ...url, 'publish', 'images', path], publisher);
    const { code, peak } = await watched(command);
    expect([code, command.printed()]).toEqual([
      0,
      expect.stringContaining('published: images-large (the latest of images)'),
    ]);
    if (process.platform === 'linux') expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(256 * mebibyte);
    expect(((await peakMemory(system)) ?? 0) - before).toBeLessThan(160 * mebibyte);
  } finally {
    await system.end('SIGINT');
    await rm(directory, { recursive: true, force: true });
  }
}, 600_000);
