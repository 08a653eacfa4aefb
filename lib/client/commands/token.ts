import type { AddCommand } from './command-context.ts';
import { tokenCreateCommand } from './token-create.ts';
import { tokenInspectCommand } from './token-inspect.ts';
import { tokenKeygenCommand } from './token-keygen.ts';
import { tokenRevocationsCommand } from './token-revocations.ts';
import { tokenRevokeCommand } from './token-revoke.ts';

const commands: readonly AddCommand[] = [
  tokenKeygenCommand,
  tokenCreateCommand,
  tokenInspectCommand,
  tokenRevokeCommand,
  tokenRevocationsCommand,
];

export const tokenCommand: AddCommand = (program, options) => {
  const token = program.command('token').description('keys and tokens that private channels are read with');
  for (const add of commands) add(token, options);
};
