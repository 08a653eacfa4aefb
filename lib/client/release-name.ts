import { basename } from 'node:path';
import { assertReleaseName, quoted } from '../domain/names.ts';
import { InvalidInput } from '../domain/problem.ts';

/** The release's name: the one given, or the file's without the channel's extension, which it must have. */
export function releaseName(path: string, fileExtension: string, given: string | undefined): string {
  const file = basename(path);
  if (!file.endsWith(fileExtension))
    throw new InvalidInput(
      'file',
      `The channel takes files that end in "${fileExtension}", and ${quoted(file)} does not.`,
    );
  const name = given ?? file.slice(0, -fileExtension.length);
  assertReleaseName(name, given === undefined ? 'file' : 'name');
  return name;
}
