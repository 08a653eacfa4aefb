import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8')) as {
  packages: Record<string, { hasInstallScript?: boolean; gypfile?: boolean }>;
};

/**
 * Run after `npm install`: of no package an install script is run by `npm ci`, whatever npm's version. What they would build
 * is not used here (node-liblzma's native module least of all), and may not build on a machine that has Node alone.
 */
for (const entry of Object.values(lock.packages)) {
  if (entry.hasInstallScript !== true) continue;
  delete entry.hasInstallScript;
  entry.gypfile = false;
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
