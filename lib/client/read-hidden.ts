import type { ProgramOptions } from './commands/command-context.ts';
import { EndWith } from './end-with.ts';
import { exitCodes } from './exit-codes.ts';

type Terminal = NonNullable<ProgramOptions['stdin']>;

/** What a terminal sends in raw mode, where it leaves it to the program to edit the line. */
const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: '\b', delete: '\x7f', eraseLine: '\x15' } as const;

/** One line from a terminal that does not show what is typed. Ctrl-C ends the command. The terminal is restored in any case. */
export async function readHidden(prompt: string, terminal: Terminal, err: (text: string) => void): Promise<string> {
  const chunks = terminal[Symbol.asyncIterator]();
  // Before the prompt, or what is typed at once would be shown.
  terminal.setRawMode?.(true);
  err(prompt);
  try {
    let line = '';
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      for (const key of Buffer.from(next.value).toString()) {
        if (key === keys.interrupt) throw new EndWith(exitCodes.interrupted);
        if (key === '\r' || key === '\n' || key === keys.endOfInput) return line;
        if (key === keys.eraseLine) line = '';
        else if (key === keys.backspace || key === keys.delete) line = line.slice(0, -1);
        else line += key;
      }
    return line;
  } finally {
    terminal.setRawMode?.(false);
    err('\n');
    await chunks.return?.();
  }
}
