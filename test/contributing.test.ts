import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const at = (name: string): URL => new URL(`../${name}`, import.meta.url);
const read = (name: string): string => readFileSync(at(name), 'utf8');

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: object;
  readonly devDependencies: object;
  readonly optionalDependencies: object;
}

const guide = read('CONTRIBUTING.md');
const [, section = ''] = guide.split('\n## Dependencies\n');
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

it('CONTRIBUTING has each script of package.json that people run', () => {
  const scripts = Object.keys((JSON.parse(read('package.json')) as Package).scripts).filter(
    (name) => !['prepack', 'start', 'test'].includes(name),
  );
  const named = new Set([...guide.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => name));

  expect(guide).toContain('npm start ');
  expect(guide).toContain('npm test ');
  expect([...named].sort()).toEqual(scripts.sort());
});

it('CONTRIBUTING has each script of .ci that people run, and no other', () => {
  const isExecutable = (name: string): boolean => {
    try {
      accessSync(at(`.ci/${name}`), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const scripts = readdirSync(at('.ci'), { withFileTypes: true })
    .filter((entry) => entry.isFile() && isExecutable(entry.name) && entry.name !== 'container-inside')
    .map(({ name }) => name);
  const named = new Set([...guide.matchAll(/\.ci\/([\w-]+)(?![\w/-])/g)].map(([, name]) => name));

  expect([...named].sort()).toEqual(scripts.sort());
});

it('CONTRIBUTING has each folder of lib and lambda', () => {
  const [, map = ''] = /\n## Where things are\n\n([\s\S]*?)\n\n(?! {4})/.exec(guide) ?? [];
  const folders = ['lib', 'lambda'].flatMap((parent) =>
    readdirSync(at(parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name),
  );

  expect(folders.filter((name) => !map.includes(` ${name}/`))).toEqual([]);
});
