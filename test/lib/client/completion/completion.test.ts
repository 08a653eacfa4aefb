import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Argument, Command, Option } from 'commander';
import { commandShapes } from '../../../../lib/client/completion/command-shapes.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../../../../lib/client/completion/completion.ts';
import { runCommand } from '../../../support/run-command.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const directory = temporaryDirectory();
beforeAll(() => {
  directory.file('a b.tar.xz', 'x');
  directory.file('other.tar.xz', 'x');
  mkdirSync(join(directory.path, 'a-folder'));
});
afterAll(() => directory.remove());

const run = (...args: string[]) => runCommand({}, ...args);

/** What bash offers for a line whose words readline has broken, the last of them being typed. */
function offered(script: string, ...words: string[]): string[] {
  const program = `
    source <(cat)
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _channelctl
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--noprofile', '--norc', '-c', program, 'bash', 'channelctl', ...words];
  const text = execFileSync('bash', args, { input: script, encoding: 'utf8', cwd: directory.path });
  return text.split('\n').filter((line) => line !== '');
}

/** The names and options that the program's own help tells of. */
async function helpOf(...command: string[]): Promise<{ readonly names: string[]; readonly flags: string[] }> {
  const { out } = await run(...command, '--help');
  const commands = out.split('\nCommands:\n')[1] ?? '';
  const names = [...commands.matchAll(/^ {2}([a-z|-]+)/gm)].flatMap(([, name = '']) => name.split('|'));
  return { names, flags: [...new Set(out.match(/(?<=^ {2}(?:-h, )?)--[a-z-]+/gm) ?? [])] };
}

describe('channelctl completion bash', () => {
  it('offers each command and its options, as the help has them', async () => {
    const { out: script } = await run('completion', 'bash');
    const { names, flags } = await helpOf();
    expect(names).toEqual(expect.arrayContaining(['publish', 'list', 'list-channels', 'completion']));
    expect(offered(script, '').sort()).toEqual(expect.arrayContaining(names));
    expect(offered(script, '--')).toEqual(expect.arrayContaining(flags));
    for (const name of names.filter((each) => each !== 'help')) {
      const own = (await helpOf(name)).flags;
      expect(offered(script, name, '--')).toEqual(expect.arrayContaining([...own, ...flags]));
    }
  });

  it.each([
    ['the beginning of a command', ['pub'], ['publish']],
    ['the beginning of an option', ['publish', 'demo', '--rev-'], ['--rev-count']],
    ['files for what is published, blanks and folders too', ['publish', 'demo', 'a'], ['a b.tar.xz', 'a-folder']],
    ['files for what is looked at', ['inspect', 'o'], ['other.tar.xz']],
    ['files for an option that takes one', ['token', 'create', '--key', 'o'], ['other.tar.xz']],
    ['the algorithms of keys', ['token', 'keygen', '--algorithm', 'e'], ['es256', 'eddsa']],
    ['what the doctor looks at', ['doctor', 'r'], ['reader']],
    ['no files for a channel', ['publish', 'o'], []],
    ['nothing where all is there', ['show', 'demo', ''], []],
    ['nothing for the value of an option', ['publish', '--name', ''], []],
    ['the shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['a command after options of the program', ['--json', '--region', 'show', 'ins'], ['inspect']],
    [
      'a file after a URL, which readline breaks up',
      ['--url', 'http', ':', '//h', ':', '80', 'inspect', 'o'],
      ['other.tar.xz'],
    ],
    ['a file after an option with an equals sign', ['publish', '--name', '=', 'x', 'demo', 'o'], ['other.tar.xz']],
    ['nothing within a value after an equals sign', ['publish', '--name', '='], []],
  ])('offers %s', async (_, words, expected) => {
    const { out } = await run('completion', 'bash');
    expect(offered(out, ...words).sort()).toEqual([...expected].sort());
  });
});

describe.each(['zsh', 'fish'])('channelctl completion %s', (shell) => {
  it('has each command and option', async () => {
    const { out: script } = await run('completion', shell);
    const { names } = await helpOf();
    for (const name of names) {
      expect(script).toMatch(new RegExp(`(?:'|-a )${name}(?::| -d)`));
      if (name === 'help') continue;
      for (const flag of (await helpOf(name)).flags)
        expect(script).toMatch(shell === 'zsh' ? `'${flag}:` : ` -l ${flag.slice(2)} `);
    }
  });
});

it.each([[['completion', 'tcsh']], [['completion']]])('reports %j as a usage error', async (args) => {
  const { code, out, err } = await run(...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^channelctl: [^\n]*shell[^\n]*\n/);
});

describe('a program with commands of commands', () => {
  const program = new Command('channelctl').option('-p, --profile <name>', "it's: a profile");
  const doctor = program.command('doctor').description('look\nat').option('--lock <file>', 'of a flake');
  doctor.command('mend').addOption(new Option('--how <way>', 'how').choices(['slow', 'fast']));
  doctor.command('look').addArgument(new Argument('<what>').choices(['bucket', 'records']));
  const shapes = commandShapes(program);

  it.each([
    [
      ['doctor', ''],
      ['mend', 'look', 'help'],
    ],
    [
      ['-p', 'x', 'doctor', 'mend', '--h'],
      ['--how', '--help'],
    ],
    [
      ['doctor', 'mend', '--how', ''],
      ['slow', 'fast'],
    ],
    [['doctor', 'mend', '--profile', ''], []],
    [['doctor', 'look', 'r'], ['records']],
  ])('completes %j in bash', (words, expected) => {
    expect(offered(bashCompletion('channelctl', shapes), ...words).sort()).toEqual([...expected].sort());
  });

  it('quotes descriptions', () => {
    expect(zshCompletion('channelctl', shapes)).toContain(`'--profile:it'\\''s: a profile'`);
    expect(zshCompletion('channelctl', shapes)).toContain(`'doctor:look at'`);
    expect(fishCompletion('channelctl', shapes)).toContain(`-s p -l profile -x -d 'it\\'s: a profile'`);
    expect(zshCompletion('channelctl', shapes)).toContain(`' doctor =--lock') _files; return ;;`);
    expect(fishCompletion('channelctl', shapes)).toContain(` -l lock -r -F -d 'of a flake'`);
    expect(fishCompletion('channelctl', shapes)).toContain(`-a doctor -d 'look at'`);
  });
});
