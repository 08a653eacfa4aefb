import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Started {
  readonly child: ChildProcess;
  /** All that was printed until now. */
  readonly printed: () => string;
  /** Waits until something is printed, or the process ends. */
  readonly until: (text: string) => Promise<void>;
  /** Sends a signal and waits for the end; gives the exit code. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
  readonly ended: Promise<number | null>;
}

const checkout = new URL('../..', import.meta.url);

/** Runs a program, in the checkout unless told otherwise, without the settings of this shell. */
export function launch(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  stdin: 'ignore' | 'pipe' = 'ignore',
  cwd: string | URL = checkout,
): Started {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, [...args], {
    cwd,
    env: { PATH, HOME, ...environment },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    ended,
    printed: () => text,
    async until(expected) {
      while (!text.includes(expected)) {
        const next = Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended.then(() => 'ended')]);
        if ((await next) === 'ended' && !text.includes(expected))
          throw new Error(`it ended without "${expected}":\n${text}`);
      }
    },
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs a script of package.json as a user does. */
export const npmRun = (script: readonly string[], environment: Readonly<Record<string, string>>): Started =>
  launch('npm', script, environment);
