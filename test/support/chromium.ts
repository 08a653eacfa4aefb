import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `CHROMIUM`: the program of a Chromium; undefined where there is none. */
export const chromium = process.env.CHROMIUM || undefined;

/** Opens a page in a new browser without a window. Gives what ends it. */
export async function browse(program: string, url: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const child = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--user-data-dir=${profile}`,
      // Stays open until it is told to end.
      '--remote-debugging-port=0',
      url,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  return async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}
