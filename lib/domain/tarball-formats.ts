/** What Nix takes for a tarball by its name (Nix, `src/libfetchers/tarball.cc`, `hasTarballExtension`). */
const tarballFormat = /\.(?:tar(?:\.(?:bz2|gz|xz|zst))?|tgz|zip)$/;

export const tarballFormatOf = (name: string): string | undefined => tarballFormat.exec(name)?.[0];
