import type { Command } from 'commander';
import type { RevocationList } from '../../../lambda/publish/list-revocations.ts';
import type { DenialEntry } from '../../domain/deny-list.ts';
import { revocationText } from '../revocation-text.ts';
import { type AddCommand, connect, type Globals, print } from './command-context.ts';

export const tokenRevocationsCommand: AddCommand = (token, options) => {
  token
    .command('revocations')
    .description('list what is revoked, newest first')
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals>();
      const api = await connect(options, flags);
      const revocations: DenialEntry[] = [];
      let after: string | undefined;
      do {
        const page = await api.get<RevocationList>('/publish/revocations', after === undefined ? {} : { after });
        revocations.push(...page.revocations);
        after = page.next;
      } while (after !== undefined);
      const text = revocations.length === 0 ? 'Nothing is revoked.' : revocations.map(revocationText).join('\n');
      print(options, flags, { revocations }, text);
    });
};
