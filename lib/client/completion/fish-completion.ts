import { oneLine } from '../one-line.ts';
import { type CommandShape, steps, valueFlags } from './command-shapes.ts';

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const list = (texts: readonly string[]): string => texts.map(quote).join(' ');

function linesOf(name: string, { path, options, arguments: taken, commands }: CommandShape): string[] {
  const at = (place: string): string => `complete -c ${name} -n ${quote(`__${name}_at ${quote(path)}${place}`)}`;
  return [
    ...options.map(({ flags, description, takesValue, isFile, choices }) => {
      const spelled = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = isFile ? ' -r -F' : takesValue ? ' -x' : '';
      const values = choices.length === 0 ? '' : ` -a ${quote(choices.join(' '))}`;
      return `${at('')} ${spelled.join(' ')}${value}${values} -d ${quote(oneLine(description))}`;
    }),
    ...commands.flatMap(({ names, description }) =>
      names.map((each) => `${at(' 0')} -a ${each} -d ${quote(oneLine(description))}`),
    ),
    ...taken.flatMap(({ isFile, choices }, index) => {
      if (isFile) return [`${at(` ${index}`)} -F`];
      return choices.length === 0 ? [] : [`${at(` ${index}`)} -a ${quote(choices.join(' '))}`];
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
  .map(([patterns, to]) => `            case ${list(patterns)}\n                set path ${quote(to)}`)
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
