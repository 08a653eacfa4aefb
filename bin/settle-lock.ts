import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8')) as {
  packages: Record<string, { hasInstallScript?: boolean; gypfile?: boolean }>;
};

/** npm marks what it installs anew alone, and forgets `gypfile` of the others: so the packages themselves are looked at. */
function hasInstallScript(folder: string): boolean {
  const from = (file: string): URL => new URL(`../${folder}/${file}`, import.meta.url);
  if (existsSync(from('binding.gyp'))) return true;
  if (!existsSync(from('package.json'))) return false;
  const { scripts = {} } = JSON.parse(readFileSync(from('package.json'), 'utf8')) as { scripts?: object };
  return ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
}

/**
 * Run after `npm install`: of no package an install script is run by `npm ci`, whatever npm's version. What they would build
 * is not used here (node-liblzma's native module least of all), and may not build on a machine that has Node alone.
 */
for (const [folder, entry] of Object.entries(lock.packages)) {
  if (folder === '' || (entry.hasInstallScript !== true && !hasInstallScript(folder))) continue;
  delete entry.hasInstallScript;
  entry.gypfile = false;
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
