import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

interface Package {
  readonly dependencies?: object;
  readonly devDependencies: object;
  readonly optionalDependencies: object;
}

const [, section = ''] = read('CONTRIBUTING.md').split('\n## Dependencies\n');
const rows = [...section.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, name, purpose]) => ({
  name,
  purpose,
}));

it('CONTRIBUTING says of each dependency, in order, what it is for', () => {
  const { dependencies = {}, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Package;
  const names = [dependencies, devDependencies, optionalDependencies].flatMap(Object.keys);

  expect(rows.map(({ name }) => name)).toEqual(names.sort());
  expect(rows.filter(({ purpose = '' }) => purpose.length < 10)).toEqual([]);
});
