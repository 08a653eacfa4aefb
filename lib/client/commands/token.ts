import type { AddCommand } from './command-context.ts';
import { tokenCreateCommand } from './token-create.ts';
import { tokenInspectCommand } from './token-inspect.ts';
import { tokenKeygenCommand } from './token-keygen.ts';

const commands: readonly AddCommand[] = [tokenKeygenCommand, tokenCreateCommand, tokenInspectCommand];

export const tokenCommand: AddCommand = (program, options) => {
  const token = program.command('token').description('keys and tokens of readers of private channels');
  for (const add of commands) add(token, options);
};
