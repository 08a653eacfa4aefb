import { Argument } from 'commander';
import { bashCompletion } from '../completion/bash-completion.ts';
import { type CommandShape, commandShapes } from '../completion/command-shapes.ts';
import { fishCompletion } from '../completion/fish-completion.ts';
import { zshCompletion } from '../completion/zsh-completion.ts';
import type { AddCommand } from './command-context.ts';

const generators: Readonly<Record<string, (name: string, shapes: readonly CommandShape[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completionCommand: AddCommand = (program, { out }) => {
  program
    .command('completion')
    .description('print a script that completes this command: source <(channelctl completion bash)')
    .addArgument(new Argument('<shell>', 'of which shell').choices(Object.keys(generators)))
    .action((shell: string) => out(generators[shell]?.(program.name(), commandShapes(program)) ?? ''));
};
