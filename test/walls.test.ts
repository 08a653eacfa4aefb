import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** A file of each folder beside the imports that its walls forbid. */
const walls: readonly (readonly [string, readonly string[]])[] = [
  [
    'lib/domain',
    [
      'node:fs',
      '@aws-sdk/client-s3',
      '@smithy/types',
      'aws-cdk-lib',
      '../nar/x.ts',
      '../store/read/x.ts',
      '../client/x.ts',
      '../local/x.ts',
      '../stack/x.ts',
      '../../lambda/serve/x.ts',
    ],
  ],
  [
    'lib/nar',
    [
      '@aws-sdk/client-s3',
      'aws-cdk-lib',
      '../store/read/x.ts',
      '../client/x.ts',
      '../local/x.ts',
      '../stack/x.ts',
      '../../lambda/serve/x.ts',
    ],
  ],
  [
    'lib/store/read',
    [
      '@aws-sdk/client-s3',
      '@aws-sdk/credential-providers',
      'node:http',
      'aws-cdk-lib',
      '../write/x.ts',
      '../../nar/x.ts',
      '../../client/x.ts',
      '../../local/x.ts',
      '../../../lambda/serve/x.ts',
    ],
  ],
  [
    'lib/store/write',
    ['aws-cdk-lib', '../../nar/x.ts', '../../client/x.ts', '../../local/x.ts', '../../../lambda/publish/x.ts'],
  ],
  ['lib/client', ['aws-cdk-lib', '../local/x.ts', '../stack/x.ts']],
  ['lib/local', ['aws-cdk-lib', '../client/x.ts', '../stack/x.ts']],
  ['lib/stack', ['@aws-sdk/client-s3', '../client/x.ts', '../local/x.ts']],
  [
    'lambda/serve',
    [
      '@aws-sdk/client-s3',
      'node:http',
      'aws-cdk-lib',
      '../publish/x.ts',
      '../../lib/store/write/x.ts',
      '../../lib/client/x.ts',
      '../../lib/local/x.ts',
      '../../lib/nar/x.ts',
    ],
  ],
  [
    'lambda/http',
    ['@aws-sdk/client-s3', 'node:http', '../publish/x.ts', '../../lib/store/write/x.ts', '../../lib/nar/x.ts'],
  ],
  [
    'lambda/publish',
    ['aws-cdk-lib', '../serve/x.ts', '../../lib/client/x.ts', '../../lib/local/x.ts', '../../lib/stack/x.ts'],
  ],
];

/** What each folder may import, so that a wall that forbids everything is noticed. */
const doors: readonly (readonly [string, readonly string[]])[] = [
  ['lib/nar', ['node:fs', '../domain/x.ts']],
  ['lib/store/read', ['@smithy/signature-v4', 'node:https', '../../domain/x.ts']],
  ['lib/store/write', ['@aws-sdk/client-s3', '../read/x.ts', '../../domain/x.ts']],
  ['lib/client', ['node:http', '../domain/x.ts', '../nar/x.ts', '../../lambda/publish/x.ts']],
  ['lib/local', ['node:http', '../store/write/x.ts', '../../lambda/serve/x.ts']],
  ['lib/stack', ['aws-cdk-lib', '../domain/x.ts']],
  ['lambda/serve', ['../http/x.ts', '../../lib/store/read/x.ts', '../../lib/domain/x.ts']],
  ['lambda/publish', ['@aws-sdk/client-s3', '../http/x.ts', '../../lib/store/write/x.ts']],
];

let directory: string;
const at = (folder: string): string => join(folder, 'wall.ts');

/** Lints one file of imports a folder in a copy of the project's settings; gives the refused specifiers by folder. */
function refused(table: typeof walls): Map<string, readonly string[]> {
  for (const [folder, specifiers] of table) {
    const path = join(directory, at(folder));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, specifiers.map((specifier) => `import '${specifier}';\n`).join(''));
  }
  let report: string;
  try {
    const args = [
      'lint',
      '--reporter=json',
      '--max-diagnostics=none',
      '--only=style/noRestrictedImports',
      ...table.map(([folder]) => at(folder)),
    ];
    report = execFileSync(join(checkout, 'node_modules', '.bin', 'biome'), args, {
      cwd: directory,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    report = (error as { stdout: string }).stdout;
  }
  const { diagnostics } = JSON.parse(report) as {
    diagnostics: { location: { path: string | { file: string }; start: { line: number } } }[];
  };
  const found = new Map<string, string[]>();
  for (const { location } of diagnostics) {
    const file = typeof location.path === 'string' ? location.path : location.path.file;
    const row = table.find(([folder]) => file.endsWith(at(folder)));
    const specifier = row?.[1][location.start.line - 1];
    if (row !== undefined && specifier !== undefined) found.set(row[0], [...(found.get(row[0]) ?? []), specifier]);
  }
  return found;
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'nix-channel-walls-'));
  copyFileSync(join(checkout, 'biome.json'), join(directory, 'biome.json'));
  symlinkSync(join(checkout, 'node_modules'), join(directory, 'node_modules'));
  execFileSync('git', ['init', '-q'], { cwd: directory });
  writeFileSync(join(directory, '.gitignore'), 'node_modules\n');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the walls between the folders', () => {
  it('stand: the linter refuses every import that goes the other way', () => {
    const found = refused(walls);
    for (const [folder, specifiers] of walls)
      expect([folder, found.get(folder)?.toSorted()]).toEqual([folder, specifiers.toSorted()]);
  });

  it('have doors: what a folder is built on is not refused', () => {
    expect(refused(doors)).toEqual(new Map());
  });
});
