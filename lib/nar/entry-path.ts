import { ArchiveRefused } from './archive-refused.ts';
import { isGitName } from './git-name.ts';
import { deepestLevel, longestName, longestPath } from './limits.ts';

/**
 * The components of a name, as Nix's CanonPath sees them: `./` and `//` mean nothing. Refuses what Nix refuses in a name, `..`, which
 * Nix collapses, and absolute names: Nix 2.26's nix-prefetch-url and nix-channel write those outside the store.
 */
export function entryPath(path: string): readonly string[] {
  if (path.length > longestPath) throw new ArchiveRefused(`has a name over ${longestPath} bytes`, path);
  if (path.includes('\0')) throw new ArchiveRefused('has a NUL in its name', path);
  if (path.startsWith('/')) throw new ArchiveRefused(`has an absolute name, ${whyNotAbsolute}`, path);
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  for (const component of components) {
    const why = componentProblem(component);
    if (why !== undefined) throw new ArchiveRefused(why, path);
  }
  // One level more than below the root, because a single top directory is not counted.
  if (components.length > deepestLevel + 1) throw tooDeep(path);
  return components;
}

export const whyNotAbsolute = 'which some versions of Nix follow out of the store; pack with relative names';

/** Why Nix takes no entry of that name; undefined when it does. */
function componentProblem(component: string): string | undefined {
  if (component === '..') return 'has `..` in its name';
  if (component.length > longestName) return `has a name over ${longestName} bytes`;
  if (isGitName(component)) return 'is named .git to Nix, which refuses that';
  return undefined;
}

export function tooDeep(path: string): ArchiveRefused {
  return new ArchiveRefused(`lies more than ${deepestLevel} directories deep, which some versions of Nix refuse`, path);
}
