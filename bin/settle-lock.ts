import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8')) as {
  packages: Record<string, { hasInstallScript?: boolean; gypfile?: boolean }>;
};

/** npm sets the flag only for packages that it just installed, and drops `gypfile` of others, so this reads the packages. */
function hasInstallScript(folder: string): boolean {
  const from = (file: string): URL => new URL(`../${folder}/${file}`, import.meta.url);
  if (existsSync(from('binding.gyp'))) return true;
  if (!existsSync(from('package.json'))) return false;
  const { scripts = {} } = JSON.parse(readFileSync(from('package.json'), 'utf8')) as { scripts?: object };
  return ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
}

/**
 * Run after `npm install`: with this lock file, no version of npm runs an install script. Nothing that these scripts build is
 * used here, including node-liblzma's native module, and it may not build on a machine without a compiler.
 */
for (const [folder, entry] of Object.entries(lock.packages)) {
  if (folder === '' || (entry.hasInstallScript !== true && !hasInstallScript(folder))) continue;
  delete entry.hasInstallScript;
  entry.gypfile = false;
}
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
