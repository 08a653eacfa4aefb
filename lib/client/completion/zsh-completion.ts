import { oneLine } from '../one-line.ts';
import { type CommandShape, steps, valueFlags } from './command-shapes.ts';

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const anyOf = (texts: readonly string[]): string => texts.map(quote).join(' | ');
/** For `_describe`, which splits at the first colon. */
const described = (word: string, description: string): string =>
  quote(`${word.replaceAll(':', '\\:')}:${oneLine(description)}`);

function candidatesOf({ path, options, arguments: taken, commands }: CommandShape): string[] {
  const flags = options.flatMap((option) => option.flags.map((flag) => described(flag, option.description)));
  const names = commands.flatMap((command) => command.names.map((name) => described(name, command.description)));
  return [
    `    ${quote(`${path} -`)}) found=(${flags.join(' ')}) ;;`,
    ...(names.length === 0 ? [] : [`    ${quote(`${path} 0`)}) found=(${names.join(' ')}) ;;`]),
    ...taken.flatMap(({ isFile, choices }, index) => {
      const at = `    ${quote(`${path} ${index}`)})`;
      if (isFile) return [`${at} _files; return ;;`];
      return choices.length === 0 ? [] : [`${at} found=(${choices.map(quote).join(' ')}) ;;`];
    }),
    ...options
      .filter(({ choices, isFile }) => choices.length > 0 || isFile)
      .map((option) => {
        const at = anyOf(option.flags.map((flag) => `${path} =${flag}`));
        return option.isFile
          ? `    ${at}) _files; return ;;`
          : `    ${at}) found=(${option.choices.map(quote).join(' ')}) ;;`;
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
  .map(([patterns, to]) => `      ${anyOf(patterns)}) path_taken=${quote(to)} ;;`)
  .join('\n')}
      ${anyOf(valueFlags(shapes))}) value="$word" ;;
      *) [[ $word == -* ]] || ((place++)) ;;
    esac
  done
  if [[ -n $value ]]; then
    place="=$value"
  elif [[ $current == -* ]]; then
    place='-'
  fi
  case "$path_taken $place" in
${shapes.flatMap(candidatesOf).join('\n')}
  esac
  (($#found)) && _describe ${name} found
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
