import { parseArgs } from 'node:util';
import { type Part, parts } from './figures.ts';

export interface BenchOptions {
  readonly wanted: readonly Part[] | 'all';
  readonly json: boolean;
  readonly check: boolean;
  readonly rounds: number;
}

export class UsageError extends Error {}

export const usage = `usage: npm run bench -- [--json] [--check] [--rounds N] [${parts.join('|')}]...`;

const isPart = (name: string): name is Part => (parts as readonly string[]).includes(name);

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '3' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(args);
  const unknown = positionals.find((name) => !isPart(name));
  if (unknown !== undefined) throw new UsageError(`There is no part "${unknown}": there are ${parts.join(', ')}.`);
  if (!/^[1-9]\d?$/.test(values.rounds)) throw new UsageError('--rounds takes a number from 1 to 99.');
  const wanted = positionals.length === 0 ? 'all' : parts.filter((part) => positionals.includes(part));
  return { wanted, json: values.json, check: values.check, rounds: Number(values.rounds) };
}
