import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, { resolved?: string; hasInstallScript?: boolean; gypfile?: boolean }>;
};
const entries = Object.entries(lock.packages);

it('holds no download addresses', () => {
  expect(entries.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

it('lets no package run an install script: npm run lock:settle', () => {
  expect(entries.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
  expect(lock.packages['node_modules/node-liblzma']?.gypfile).toBe(false);
});
