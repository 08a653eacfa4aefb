import { type CommandShape, steps, valueFlags } from './command-shapes.ts';

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const anyOf = (texts: readonly string[]): string => texts.map(quote).join(' | ');

function candidatesOf({ path, options, arguments: taken, commands }: CommandShape): string[] {
  const names = commands.flatMap((command) => command.names);
  const flags = options.flatMap((option) => option.flags);
  return [
    `    ${quote(`${path} -`)}) words=${quote(flags.join(' '))} ;;`,
    ...(names.length === 0 ? [] : [`    ${quote(`${path} 0`)}) words=${quote(names.join(' '))} ;;`]),
    ...taken.flatMap(({ isFile, choices }, index) => {
      const at = `    ${quote(`${path} ${index}`)})`;
      if (isFile) return [`${at} files=1 ;;`];
      return choices.length === 0 ? [] : [`${at} words=${quote(choices.join(' '))} ;;`];
    }),
    ...options
      .filter(({ choices, isFile }) => choices.length > 0 || isFile)
      .map((option) => {
        const at = anyOf(option.flags.map((flag) => `${path} =${flag}`));
        return `    ${at}) ${option.isFile ? 'files=1' : `words=${quote(option.choices.join(' '))}`} ;;`;
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
  .map(([patterns, to]) => `      ${anyOf(patterns)}) path=${quote(to)} ;;`)
  .join('\n')}
      ${anyOf(valueFlags(shapes))}) [[ \${COMP_WORDS[index + 1]} == '=' ]] || value="$word" ;;
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
${shapes.flatMap(candidatesOf).join('\n')}
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
