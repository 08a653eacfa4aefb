import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { walls as table, withWalls } from '../bin/lint-walls.ts';

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
      '../api/x.ts',
      '../nar/x.ts',
      '../store/read/x.ts',
      '../client/x.ts',
      '../local/x.ts',
      '../stack/x.ts',
      '../../lambda/serve/x.ts',
    ],
  ],
  [
    'lib/api',
    [
      'node:fs',
      '@aws-sdk/client-s3',
      'aws-cdk-lib',
      '../nar/x.ts',
      '../store/read/x.ts',
      '../client/x.ts',
      '../local/x.ts',
      '../stack/x.ts',
      '../../lambda/publish/x.ts',
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
  ['lib/local', ['aws-cdk-lib', '../client/x.ts', '../server/x.ts', '../stack/x.ts']],
  [
    'lib/server',
    ['aws-cdk-lib', '../client/x.ts', '../local/s3/x.ts', '../local/edge/x.ts', '../local/demo/x.ts', '../stack/x.ts'],
  ],
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
    [
      '@aws-sdk/client-s3',
      'node:http',
      '../serve/x.ts',
      '../publish/x.ts',
      '../../lib/store/write/x.ts',
      '../../lib/nar/x.ts',
    ],
  ],
  [
    'lambda/auth',
    ['node:http', '../serve/x.ts', '../publish/x.ts', '../../lib/store/write/x.ts', '../../lib/stack/x.ts'],
  ],
  [
    'lambda/delivery-key',
    [
      '@aws-sdk/client-s3',
      'node:http',
      '../auth/x.ts',
      '../serve/x.ts',
      '../publish/x.ts',
      '../../lib/store/write/x.ts',
      '../../lib/stack/x.ts',
    ],
  ],
  [
    'lambda/publish',
    ['aws-cdk-lib', '../serve/x.ts', '../../lib/client/x.ts', '../../lib/local/x.ts', '../../lib/stack/x.ts'],
  ],
];

/** What each folder may import, so that a wall that forbids everything is noticed. */
const doors: readonly (readonly [string, readonly string[]])[] = [
  ['lib/api', ['zod', '../domain/x.ts']],
  ['lib/nar', ['node:fs', '../api/x.ts', '../domain/x.ts']],
  ['lib/store/read', ['@aws-sdk/s3-request-presigner', '@smithy/signature-v4', 'node:https', '../../domain/x.ts']],
  ['lib/store/write', ['@aws-sdk/client-s3', '../read/x.ts', '../../api/x.ts', '../../domain/x.ts']],
  ['lib/client', ['node:http', '../domain/x.ts', '../api/x.ts', '../nar/x.ts', '../../lambda/publish/x.ts']],
  ['lib/local', ['node:http', '../store/write/x.ts', '../../lambda/serve/x.ts']],
  ['lib/server', ['@aws-sdk/client-s3', '../local/gateway/x.ts', '../../lambda/serve/x.ts']],
  ['lib/stack', ['aws-cdk-lib', '../domain/x.ts']],
  ['lambda/auth', ['../http/x.ts', '../../lib/store/read/x.ts']],
  ['lambda/serve', ['../http/x.ts', '../../lib/store/read/x.ts', '../../lib/domain/x.ts']],
  [
    'lambda/delivery-key',
    ['@smithy/signature-v4', '../http/x.ts', '../../lib/store/read/x.ts', '../../lib/domain/x.ts'],
  ],
  ['lambda/publish', ['@aws-sdk/client-s3', '../http/x.ts', '../../lib/store/write/x.ts']],
];

let directory: string;
const at = (folder: string): string => join(folder, 'wall.ts');

/** Lints files by one rule, in a copy of the project's settings; gives where each finding stands. */
function lint(
  rule: string,
  files: Readonly<Record<string, string>>,
): { readonly file: string; readonly line: number }[] {
  for (const [file, text] of Object.entries(files)) {
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  let report: string;
  try {
    const args = ['lint', '--reporter=json', '--max-diagnostics=none', `--only=${rule}`, ...Object.keys(files)];
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
  return diagnostics.map(({ location: { path, start } }) => ({
    file: typeof path === 'string' ? path : path.file,
    line: start.line,
  }));
}

/** Gives the refused specifiers by folder, of one file of imports in each. */
function refused(imports: typeof walls): Map<string, readonly string[]> {
  const files = imports.map(([folder, specifiers]): [string, string] => [
    at(folder),
    specifiers.map((specifier) => `import '${specifier}';\n`).join(''),
  ]);
  const found = new Map<string, string[]>();
  for (const { file, line } of lint('style/noRestrictedImports', Object.fromEntries(files))) {
    const row = imports.find(([folder]) => file.endsWith(at(folder)));
    const specifier = row?.[1][line - 1];
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
  it('are in biome.json as the table has them: npm run lint:walls', () => {
    const settings = JSON.parse(readFileSync(join(checkout, 'biome.json'), 'utf8'));

    expect(settings).toEqual(withWalls(settings));
  });

  it('are each tried here', () => {
    const tried = new Set(walls.map(([folder]) => folder));

    expect(table.flatMap(({ folders }) => folders).filter((folder) => !tried.has(folder))).toEqual([]);
  });

  it('stand: the linter refuses every import that goes the other way', () => {
    const found = refused(walls);
    for (const [folder, specifiers] of walls)
      expect([folder, found.get(folder)?.toSorted()]).toEqual([folder, specifiers.toSorted()]);
  });

  it('have doors: what a folder is built on is not refused', () => {
    expect(refused(doors)).toEqual(new Map());
  });
});

describe('imports that run in a circle', () => {
  const circle = (specifier: string) => ({
    'lib/domain/one.ts': `import type { Two } from './two.ts';\nexport interface One { readonly two: Two }\n`,
    'lib/domain/two.ts': `import type { One } from '${specifier}';\nexport interface Two { readonly one?: One }\n`,
  });

  it('are refused, even if they are of types alone', () => {
    expect(lint('suspicious/noImportCycles', circle('./one.ts')).map(({ line }) => line)).toEqual([1, 1]);
  });

  it('are not seen where there are none', () => {
    expect(lint('suspicious/noImportCycles', circle('./three.ts'))).toEqual([]);
  });
});
