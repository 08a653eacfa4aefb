import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { parseStackSettings } from '../lib/stack/settings/parse-stack-settings.ts';
import { readAction } from './support/ci-runner.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const read = (name: string): string => readFileSync(pathOf(name), 'utf8');
const page = read('docs/ci.md');

/** The fenced blocks of a language. */
const blocks = (language: string): string[] =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, each]) => each === language)
    .map(([, , text = '']) => text);

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses?: string; readonly with?: object }[] }>
  >;
}

const action = readAction(pathOf('action.yml'));
const uses = blocks('yaml')
  .filter((text) => /^# \.(?:github|forgejo)\//.test(text))
  .flatMap((text) => Object.values((parse(text) as Workflow).jobs).flatMap(({ steps }) => steps))
  .filter((step) => step.uses?.includes('nix-channel-lambda'));

const required = (inputs: Readonly<Record<string, { readonly default?: string }>>): string[] =>
  Object.keys(inputs).filter((name) => inputs[name]?.default === undefined);

describe('docs/ci.md', () => {
  it('has a publisher of each CI system, which the settings accept', () => {
    const publishers = blocks('json').map((text) => JSON.parse(text));

    expect(publishers.map((each) => Object.keys(each)[1])).toEqual(['github', 'gitlab', 'forgejo', 'buildkite']);
    for (const publisher of publishers)
      expect(parseStackSettings({ publishers: [publisher] }).publishers).toHaveLength(1);
  });

  it('has providers that the settings accept beside these publishers', () => {
    const publishers = blocks('json').map((text, index) => ({ ...JSON.parse(text), name: `ci${index}` }));
    const providers = [...page.matchAll(/^\| .* \| `(\{.*\})` \|$/gm)].map(([, text = '']) => JSON.parse(text));

    expect(providers).toHaveLength(3);
    for (const oidcProviders of providers)
      expect(parseStackSettings({ publishers, oidcProviders }).oidcProviders).toEqual(oidcProviders);
  });

  it('gives the action the inputs that it has, and those that it needs', () => {
    expect(uses).toHaveLength(2);
    for (const { with: given = {} } of uses) {
      expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
      expect(Object.keys(given)).toEqual(expect.arrayContaining(required(action.inputs)));
    }
  });

  it('lists each input with its default, and each output', () => {
    const rows = [...page.matchAll(/^\| (`[\w-]+`[^|]*) \|/gm)].map(([, cell = '']) => cell);
    const names = rows.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name));

    expect(names).toEqual([...Object.keys(action.inputs), ...Object.keys(action.outputs)]);
    for (const [name, { default: value = '' }] of Object.entries(action.inputs))
      if (value !== '') expect(page).toContain(`| \`${name}\` | \`${value}\` |`);
  });

  it('gives the GitLab component the inputs that it has, and those that it needs', () => {
    const [text = ''] = blocks('yaml').filter((each) => each.startsWith('# .gitlab-ci.yml'));
    const given = Object.keys(parse(text).include[0].inputs);
    const { inputs } = parse(read('templates/publish.yml').split('\n---\n')[0] ?? '').spec;

    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(given));
    expect(given).toEqual(expect.arrayContaining(required(inputs)));
  });

  it('has only YAML that parses, and says in which file each snippet belongs', () => {
    const files = blocks('yaml').map((text) => {
      expect(parse(text)).toEqual(expect.any(Object));
      return text.split('\n')[0];
    });

    expect(files).toEqual([
      '# .github/workflows/publish.yml',
      '# .gitlab-ci.yml',
      '# .forgejo/workflows/publish.yml',
      '# .buildkite/pipeline.yml',
    ]);
  });
});
