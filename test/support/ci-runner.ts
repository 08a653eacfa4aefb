import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

type Words = Readonly<Record<string, string>>;

export interface CompositeAction {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly id: string;
      readonly shell: string;
      readonly env: Words;
      readonly run: string;
    }[];
  };
}

export interface ScriptRun {
  readonly code: number;
  /** Standard output and standard error. */
  readonly printed: string;
}

/** As GitHub's runner and GitLab's run a script: `bash -eo pipefail`, and no other options. */
export const runScript = (script: string, cwd: string, env: Words): Promise<ScriptRun> =>
  new Promise((resolve) => {
    execFile('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], { cwd, env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), printed: `${out}${err}` }),
    );
  });

export const readAction = (path: string): CompositeAction => parse(readFileSync(path, 'utf8')) as CompositeAction;

/** As the runner reads a file of outputs: `name=value`, or lines up to a delimiter. */
export function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n').slice(0, -1);
  while (lines.length > 0) {
    const line = lines.shift() as string;
    const [, name, end] = /^([^=<]+)<<(.+)$/.exec(line) ?? [];
    if (name !== undefined) {
      const size = lines.indexOf(end as string);
      if (size === -1) throw new Error(`the output ${name} has no end`);
      outputs[name] = lines
        .splice(0, size + 1)
        .slice(0, -1)
        .join('\n');
    } else if (/^[^=]+=/.test(line)) outputs[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
    else throw new Error(`not an output: ${line}`);
  }
  return outputs;
}

interface ActionRun extends ScriptRun {
  readonly outputs: Record<string, string>;
  readonly summary: string;
}

interface JobOptions {
  /** The checkout of the action. */
  readonly actionPath: string;
  /** Where the files of the runner lie. */
  readonly temporary: string;
  readonly workspace: string;
  readonly environment: Words;
  /** Of the context `github`. */
  readonly github: Words;
}

/** Runs the steps of a composite action one after another, as the runner does, until one fails. */
export async function runAction(given: Words, job: JobOptions): Promise<ActionRun> {
  const { actionPath, temporary, workspace, environment, github } = job;
  const { inputs, outputs, runs } = readAction(join(actionPath, 'action.yml'));
  const values: Record<string, string> = {};
  for (const [name, { default: value = '' }] of Object.entries(inputs)) values[`inputs.${name}`] = given[name] ?? value;
  for (const [name, value] of Object.entries(github)) values[`github.${name}`] = value;
  // Only whole expressions that name one value; one that is unknown is empty, as for the runner.
  const evaluate = (text: string): string =>
    text.replaceAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => values[name] ?? '');
  const summaryFile = join(temporary, 'summary');
  writeFileSync(summaryFile, '');
  let printed = '';
  let code = 0;
  for (const [index, { id, env, run }] of runs.steps.entries()) {
    const outputFile = join(temporary, `output-${index}`);
    const script = join(temporary, `step-${index}.sh`);
    writeFileSync(outputFile, '');
    writeFileSync(script, evaluate(run));
    const step = await runScript(script, workspace, {
      ...environment,
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, evaluate(value)])),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: actionPath,
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
      GITHUB_RUN_ID: '42',
      RUNNER_TEMP: temporary,
    });
    printed += step.printed;
    for (const [name, value] of Object.entries(readOutputs(readFileSync(outputFile, 'utf8'))))
      values[`steps.${id}.outputs.${name}`] = value;
    code = step.code;
    if (code !== 0) break;
  }
  const results = Object.entries(outputs).map(([name, { value }]) => [name, evaluate(value)]);
  return { code, printed, outputs: Object.fromEntries(results), summary: readFileSync(summaryFile, 'utf8') };
}
