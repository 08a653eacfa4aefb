import type { ProgramOptions } from '../../lib/client/commands/context.ts';
import { runProgram } from '../../lib/client/program.ts';

export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const never = () => {
  throw new Error('this command asks nobody');
};

export interface RunOptions extends Partial<Omit<ProgramOptions, 'stdin'>> {
  readonly stdin?: string;
  /** Whether somebody types it. */
  readonly isTyped?: boolean;
}

/** Runs the command in this process, with a clock that stands at the beginning of 2026 and nobody to ask. */
export async function runCommand(
  { stdin, isTyped = false, ...options }: RunOptions,
  ...args: readonly string[]
): Promise<CommandRun> {
  let out = '';
  let err = '';
  async function* input() {
    yield stdin ?? '';
  }
  const code = await runProgram(
    {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      terminal: false,
      stdin: Object.assign(input(), { isTTY: isTyped }),
      credentials: never,
      send: never,
      sleep: never,
      now: () => Date.parse('2026-01-01T00:00:00Z'),
      operation: never,
      ...options,
      // What this machine's own Nix is set to is nobody's business here.
      environment: { NIX_CONF_DIR: '/nowhere', ...options.environment },
    },
    args,
  );
  return { code, out, err };
}
