import type { Argument, Command, Option } from 'commander';

interface OptionShape {
  /** As typed: `-h`, `--help`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly isFile: boolean;
  readonly choices: readonly string[];
}

interface ArgumentShape {
  readonly isFile: boolean;
  readonly choices: readonly string[];
}

/** What the completion of a command needs to know of it. */
export interface CommandShape {
  /** Each name after a blank: empty for the program itself, ` publish` for a command of it. */
  readonly path: string;
  /** Its own and its parents'. */
  readonly options: readonly OptionShape[];
  readonly arguments: readonly ArgumentShape[];
  readonly commands: readonly SubcommandName[];
}

interface SubcommandName {
  /** The name, then its aliases. */
  readonly names: readonly string[];
  readonly description: string;
}

const optionShape = ({
  flags,
  short,
  long,
  description,
  required,
  optional,
  argChoices = [],
}: Option): OptionShape => ({
  flags: [short, long].filter((flag) => flag !== undefined),
  description,
  takesValue: required || optional,
  isFile: / [<[](?:file|path)[>\]]$/.test(flags),
  choices: argChoices,
});

const argumentShape = (argument: Argument): ArgumentShape => ({
  isFile: ['file', 'path'].includes(argument.name()),
  choices: argument.argChoices ?? [],
});

/** The program and all that is below it, each command before its own. */
export function commandShapes(command: Command, path = '', inherited: readonly OptionShape[] = []): CommandShape[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const own = help.visibleOptions(command).map(optionShape);
  const options = [...own, ...inherited];
  const handedDown = options.filter(({ flags }) => !flags.includes('--help'));
  const shape: CommandShape = {
    path,
    options,
    arguments: command.registeredArguments.map(argumentShape),
    commands: commands.map((each) => ({
      names: [each.name(), ...each.aliases()],
      description: each.description(),
    })),
  };
  return [shape, ...commands.flatMap((each) => commandShapes(each, `${path} ${each.name()}`, handedDown))];
}

/** Each name of each command at its place, with the path that it leads to. */
export const steps = (
  shapes: readonly CommandShape[],
): readonly (readonly [patterns: readonly string[], to: string])[] =>
  shapes.flatMap(({ path, commands }) =>
    commands.map(({ names }) => [names.map((name) => `${path} ${name}`), `${path} ${names[0]}`] as const),
  );

/** Every option that takes a value, at each place where it may stand. */
export const valueFlags = (shapes: readonly CommandShape[]): readonly string[] =>
  shapes.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags.map((flag) => `${path} ${flag}`)),
  );
