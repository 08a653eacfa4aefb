/** What Nix takes for a tarball by its name, longest first (Nix, `src/libfetchers/tarball.cc`, `hasTarballExtension`). */
const tarballFormats: readonly string[] = ['.tar.bz2', '.tar.zst', '.tar.gz', '.tar.xz', '.tar', '.tgz', '.zip'];

export const tarballFormatOf = (name: string): string | undefined =>
  tarballFormats.find((format) => name.endsWith(format));
