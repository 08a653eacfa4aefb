import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { thirdPartyNotices } from '../../bin/third-party-notices.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

function put(path: string, content: string | object): void {
  const file = join(directory.path, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

const output = (inputs: Readonly<Record<string, number>>) => ({
  bytes: 1,
  imports: [],
  exports: [],
  inputs: Object.fromEntries(Object.entries(inputs).map(([path, bytesInOutput]) => [path, { bytesInOutput }])),
});

const notices = (inputs: Readonly<Record<string, number>>): string =>
  thirdPartyNotices({ outputs: { 'index.js': output(inputs) } }, directory.path);

put('node_modules/a/package.json', { name: 'a', version: '1.0.0', license: 'ISC' });
put('node_modules/a/LICENSE.md', 'The terms of a.');
put('node_modules/a/NOTICE', 'The notice of a.');
put('node_modules/@s/b/package.json', { name: '@s/b', version: '2.0.0', license: 'MIT', author: { name: 'Ada' } });
put('node_modules/@s/b/dist/package.json', { type: 'module' });
put('node_modules/a/node_modules/c/package.json', { name: 'c', version: '3.0.0', license: 'ISC' });
put('node_modules/a/node_modules/c/licence', 'The terms of c.');
put('node_modules/d/package.json', { name: 'd', version: '4.0.0', license: 'ISC' });
put('node_modules/d/LICENSE', 'The terms of c.');
put('node_modules/silent/package.json', { name: 'silent', version: '5.0.0', license: 'SEE LICENSE IN x' });

describe('thirdPartyNotices', () => {
  it('has name, version, licence and texts of each package in the bundle', () => {
    const text = notices({ 'lib/x.ts': 7, 'node_modules/a/x.js': 7, 'node_modules/a/y.js': 7 });
    expect(text.match(/^a 1\.0\.0 \(ISC\)\n\nThe terms of a\.\nThe notice of a\.$/gm)).toHaveLength(1);
  });

  it('has the standard text of a licence, with the author, for a package without a text', () => {
    expect(notices({ 'node_modules/@s/b/dist/x.js': 7 })).toMatch(
      /^@s\/b 2\.0\.0 \(MIT\)\n\nMIT License\n\nCopyright \(c\) Ada\n\nPermission is hereby granted[\s\S]*shall be included in all\n[\s\S]*THE SOFTWARE IS/m,
    );
  });

  it('has nested packages, and has a text that several packages share only once', () => {
    const text = notices({ 'node_modules/a/node_modules/c/x.js': 7, 'node_modules/d/x.js': 7 });
    expect(text).toMatch(/\nc 3\.0\.0 \(ISC\)\nd 4\.0\.0 \(ISC\)\n\nThe terms of c\.\n$/);
    expect(text).not.toContain('The terms of a.');
  });

  it('leaves out packages that tree shaking removed', () => {
    expect(notices({ 'node_modules/a/x.js': 0 })).not.toContain('a 1.0.0');
  });

  it('throws if a package has no text and no known licence', () => {
    expect(() => notices({ 'node_modules/silent/x.js': 7 })).toThrow('silent is in the bundle');
  });
});
