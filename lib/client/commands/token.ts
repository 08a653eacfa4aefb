import type { AddCommand } from './command-context.ts';
import { tokenRevocationsCommand } from './token-revocations.ts';
import { tokenRevokeCommand } from './token-revoke.ts';

const commands: readonly AddCommand[] = [tokenRevokeCommand, tokenRevocationsCommand];

export const tokenCommand: AddCommand = (program, options) => {
  const token = program.command('token').description('tokens that private channels are read with');
  for (const add of commands) add(token, options);
};
