import { Argument } from 'commander';
import { type AddCommand, helpEnding } from '../commands/context.ts';
import { oneLine } from '../text.ts';
import { type CommandShape, commandShapes, steps, valueFlags } from './command-shapes.ts';

const bashQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const bashAnyOf = (texts: readonly string[]): string => texts.map(bashQuoted).join(' | ');

function bashCandidates({ path, options, arguments: taken, commands }: CommandShape): string[] {
  const names = commands.flatMap((command) => command.names);
  const flags = options.flatMap((option) => option.flags);
  return [
    `    ${bashQuoted(`${path} -`)}) words=${bashQuoted(flags.join(' '))} ;;`,
    ...(names.length === 0 ? [] : [`    ${bashQuoted(`${path} 0`)}) words=${bashQuoted(names.join(' '))} ;;`]),
    ...taken.flatMap(({ isFile, choices }, index) => {
      const at = `    ${bashQuoted(`${path} ${index}`)})`;
      if (isFile) return [`${at} files=1 ;;`];
      return choices.length === 0 ? [] : [`${at} words=${bashQuoted(choices.join(' '))} ;;`];
    }),
    ...options
      .filter(({ choices, isFile }) => choices.length > 0 || isFile)
      .map((option) => {
        const at = bashAnyOf(option.flags.map((flag) => `${path} =${flag}`));
        return `    ${at}) ${option.isFile ? 'files=1' : `words=${bashQuoted(option.choices.join(' '))}`} ;;`;
      }),
  ];
}

/** For bash 3.2 and later, without the bash-completion package. */
export const bashCompletion = (name: string, shapes: readonly CommandShape[]): string => `# bash completion for ${name}
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' place=0 value='' words='' files='' index word
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    # Bash itself breaks words at colons and equals signs: what follows one belongs to the word before it.
    if [[ $word == [:=]* ]]; then
      ((index++))
      continue
    fi
    if [[ -n $value ]]; then
      value=''
      continue
    fi
    case "$path $word" in
${steps(shapes)
  .map(([patterns, to]) => `      ${bashAnyOf(patterns)}) path=${bashQuoted(to)} ;;`)
  .join('\n')}
      ${bashAnyOf(valueFlags(shapes))}) [[ \${COMP_WORDS[index + 1]} == '=' ]] || value="$word" ;;
      *) [[ $word == -* ]] || ((place++)) ;;
    esac
  done
  if ((index > COMP_CWORD)) || [[ $current == [:=]* ]]; then
    return
  elif [[ -n $value ]]; then
    place="=$value"
  elif [[ $current == -* ]]; then
    place='-'
  fi
  case "$path $place" in
${shapes.flatMap(bashCandidates).join('\n')}
  esac
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
  elif [[ -n $words ]]; then
    while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _${name} ${name}
`;

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const list = (texts: readonly string[]): string => texts.map(fishQuoted).join(' ');

function linesOf(name: string, { path, options, arguments: taken, commands }: CommandShape): string[] {
  const at = (place: string): string =>
    `complete -c ${name} -n ${fishQuoted(`__${name}_at ${fishQuoted(path)}${place}`)}`;
  return [
    ...options.map(({ flags, description, takesValue, isFile, choices }) => {
      const spelled = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = isFile ? ' -r -F' : takesValue ? ' -x' : '';
      const values = choices.length === 0 ? '' : ` -a ${fishQuoted(choices.join(' '))}`;
      return `${at('')} ${spelled.join(' ')}${value}${values} -d ${fishQuoted(oneLine(description))}`;
    }),
    ...commands.flatMap(({ names, description }) =>
      names.map((each) => `${at(' 0')} -a ${each} -d ${fishQuoted(oneLine(description))}`),
    ),
    ...taken.flatMap(({ isFile, choices }, index) => {
      if (isFile) return [`${at(` ${index}`)} -F`];
      return choices.length === 0 ? [] : [`${at(` ${index}`)} -a ${fishQuoted(choices.join(' '))}`];
    }),
  ];
}

export const fishCompletion = (name: string, shapes: readonly CommandShape[]): string => `# fish completion for ${name}
function __${name}_at
    set -l path ''
    set -l place 0
    set -l value 0
    for word in (commandline -opc)[2..-1]
        if test $value = 1
            set value 0
            continue
        end
        switch "$path $word"
${steps(shapes)
  .map(([patterns, to]) => `            case ${list(patterns)}\n                set path ${fishQuoted(to)}`)
  .join('\n')}
            case ${list(valueFlags(shapes))}
                set value 1
            case '*'
                string match -q -- '-*' $word; or set place (math $place + 1)
        end
    end
    test "$path" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $place = $argv[2]
end
complete -c ${name} -f
${shapes.flatMap((shape) => linesOf(name, shape)).join('\n')}
`;

const zshQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const zshAnyOf = (texts: readonly string[]): string => texts.map(zshQuoted).join(' | ');
/** For `_describe`, which splits at the first colon. */
const described = (word: string, description: string): string =>
  zshQuoted(`${word.replaceAll(':', '\\:')}:${oneLine(description)}`);

function zshCandidates({ path, options, arguments: taken, commands }: CommandShape): string[] {
  const flags = options.flatMap((option) => option.flags.map((flag) => described(flag, option.description)));
  const names = commands.flatMap((command) => command.names.map((name) => described(name, command.description)));
  return [
    `    ${zshQuoted(`${path} -`)}) found=(${flags.join(' ')}) ;;`,
    ...(names.length === 0 ? [] : [`    ${zshQuoted(`${path} 0`)}) found=(${names.join(' ')}) ;;`]),
    ...taken.flatMap(({ isFile, choices }, index) => {
      const at = `    ${zshQuoted(`${path} ${index}`)})`;
      if (isFile) return [`${at} _files; return ;;`];
      return choices.length === 0 ? [] : [`${at} found=(${choices.map(zshQuoted).join(' ')}) ;;`];
    }),
    ...options
      .filter(({ choices, isFile }) => choices.length > 0 || isFile)
      .map((option) => {
        const at = zshAnyOf(option.flags.map((flag) => `${path} =${flag}`));
        return option.isFile
          ? `    ${at}) _files; return ;;`
          : `    ${at}) found=(${option.choices.map(zshQuoted).join(' ')}) ;;`;
      }),
  ];
}

/** To be sourced, or to lie in $fpath as `_{name}`. */
export const zshCompletion = (name: string, shapes: readonly CommandShape[]): string => `#compdef ${name}
_${name}() {
  local current="\${words[CURRENT]}" path_taken='' place=0 value='' word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $value ]]; then
      value=''
      continue
    fi
    case "$path_taken $word" in
${steps(shapes)
  .map(([patterns, to]) => `      ${zshAnyOf(patterns)}) path_taken=${zshQuoted(to)} ;;`)
  .join('\n')}
      ${zshAnyOf(valueFlags(shapes))}) value="$word" ;;
      *) [[ $word == -* ]] || ((place++)) ;;
    esac
  done
  if [[ -n $value ]]; then
    place="=$value"
  elif [[ $current == -* ]]; then
    place='-'
  fi
  case "$path_taken $place" in
${shapes.flatMap(zshCandidates).join('\n')}
  esac
  (($#found)) && _describe ${name} found
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;

const generators: Readonly<Record<string, (name: string, shapes: readonly CommandShape[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completionCommand: AddCommand = (program, { out }) => {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(generators)))
    .addHelpText('after', helpEnding(['source <(channelctl completion bash)', 'channelctl completion fish | source']))
    .action((shell: string) => out(generators[shell]?.(program.name(), commandShapes(program)) ?? ''));
};
