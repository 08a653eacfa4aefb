import { readFileSync, writeFileSync } from 'node:fs';

/** Packages that a folder must not import, each with the linter's message. */
const packages = {
  io: [['node:*'], 'This folder is pure: no I/O.'],
  sdk: [['@aws-sdk/**', '@smithy/**'], 'This folder must not import the AWS SDK.'],
  heavy: [
    ['@aws-sdk/client-s3', '@aws-sdk/credential-*', '@aws-sdk/lib-storage', 'node:http'],
    'The read path stays small: no S3 client, no credential chain, no node:http.',
  ],
  cdk: [['aws-cdk-lib', 'aws-cdk-lib/**', 'constructs', 'cdk-nag'], 'Only lib/stack and bin/app.ts import the CDK.'],
} as const satisfies Readonly<Record<string, readonly [patterns: readonly string[], message: string]>>;

const message =
  'A wall: imports run bin → lib/client, lib/server (→ lib/local), lib/stack → lambda → lib/store, lib/nar → lib/api → lib/domain.';

interface Wall {
  readonly folders: readonly string[];
  /** Folders that these must not import. */
  readonly closed: readonly string[];
  readonly without: readonly (keyof typeof packages)[];
}

const top = ['bin', 'test'];
const upper = ['lib/client', 'lib/local', 'lib/server', 'lib/stack', ...top];
const above = ['lambda', ...upper];

export const walls: readonly Wall[] = [
  { folders: ['lib/domain'], closed: ['lib/api', 'lib/nar', 'lib/store', ...above], without: ['io', 'sdk', 'cdk'] },
  { folders: ['lib/api'], closed: ['lib/nar', 'lib/store', ...above], without: ['io', 'sdk', 'cdk'] },
  { folders: ['lib/nar'], closed: ['lib/store', ...above], without: ['sdk', 'cdk'] },
  { folders: ['lib/store/read'], closed: ['lib/nar', 'lib/store/write', ...above], without: ['heavy', 'cdk'] },
  { folders: ['lib/store/write'], closed: ['lib/nar', ...above], without: ['cdk'] },
  {
    folders: ['lambda/serve'],
    closed: ['lib/nar', 'lib/store/write', 'lambda/publish', ...upper],
    without: ['heavy', 'cdk'],
  },
  {
    folders: ['lambda/auth', 'lambda/http'],
    closed: ['lib/nar', 'lib/store/write', 'lambda/serve', 'lambda/publish', ...upper],
    without: ['heavy', 'cdk'],
  },
  {
    folders: ['lambda/delivery-key'],
    closed: ['lib/nar', 'lib/store/write', 'lambda/auth', 'lambda/serve', 'lambda/publish', ...upper],
    without: ['heavy', 'cdk'],
  },
  { folders: ['lambda/publish'], closed: ['lambda/serve', ...upper], without: ['cdk'] },
  { folders: ['lib/client'], closed: ['lib/local', 'lib/server', 'lib/stack', ...top], without: ['cdk'] },
  { folders: ['lib/local'], closed: ['lib/client', 'lib/server', 'lib/stack', ...top], without: ['cdk'] },
  {
    folders: ['lib/server'],
    closed: ['lib/client', 'lib/local/s3', 'lib/local/edge', 'lib/local/demo', 'lib/stack', ...top],
    without: ['cdk'],
  },
  { folders: ['lib/stack'], closed: ['lib/client', 'lib/local', 'lib/server', ...top], without: ['sdk'] },
];

/** A relative import names a folder by its path below the closest common folder. */
function patternOf(folder: string, closed: string): string {
  const from = folder.split('/');
  const parts = closed.split('/');
  const shared = parts.findIndex((part, index) => part !== from[index]);
  return `**/${parts.slice(shared).join('/')}/**`;
}

const overrideOf = ({ folders, closed, without }: Wall) => ({
  includes: folders.map((folder) => `${folder}/**`),
  linter: {
    rules: {
      style: {
        noRestrictedImports: {
          level: 'error',
          options: {
            patterns: [
              ...without.map((name) => ({ group: packages[name][0], message: packages[name][1] })),
              {
                group: [...new Set(closed.flatMap((other) => folders.map((folder) => patternOf(folder, other))))],
                message,
              },
            ],
          },
        },
      },
    },
  },
});

interface Settings {
  readonly overrides: readonly { readonly linter?: { readonly rules?: { readonly style?: object } } }[];
}

const isWall = ({ linter }: Settings['overrides'][number]): boolean =>
  'noRestrictedImports' in (linter?.rules?.style ?? {});

/** Biome's settings with these walls. Of two overrides that match a file only one counts, so each folder has one. */
export const withWalls = <Given extends Settings>(settings: Given): Given => ({
  ...settings,
  overrides: [...walls.map(overrideOf), ...settings.overrides.filter((override) => !isWall(override))],
});

if (import.meta.main) {
  const path = new URL('../biome.json', import.meta.url);
  writeFileSync(path, `${JSON.stringify(withWalls(JSON.parse(readFileSync(path, 'utf8'))), null, 2)}\n`);
}
