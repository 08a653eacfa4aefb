import { tarballFormatOf } from '../domain/tarball-formats.ts';

/** Whether a file is looked into: all that Nix unpacks but .zip. */
export function isTarballName(path: string): boolean {
  const format = tarballFormatOf(path);
  return format !== undefined && format !== '.zip';
}
