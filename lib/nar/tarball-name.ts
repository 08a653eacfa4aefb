/** Nix's list without .zip, which it unpacks too but which is not looked into here (src/libfetchers/tarball.cc, hasTarballExtension). */
const extensions = ['.tar', '.tgz', '.tar.gz', '.tar.xz', '.tar.bz2', '.tar.zst'] as const;

export function isTarballName(path: string): boolean {
  return extensions.some((extension) => path.endsWith(extension));
}
