import { basename } from 'node:path';
import { assertReleaseName, quoted } from '../domain/names.ts';
import { InvalidInput } from '../domain/problem.ts';
import type { ReleaseFacts } from '../domain/release-facts.ts';

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

/**
 * The name of a packed directory, `{channel}-{date}-{rev}`, its date that of the last change in UTC. Without a rev it ends in `nar-` and
 * the beginning of the narHash, so that nobody looks for a commit of that name.
 */
export function directoryReleaseName(
  channel: string,
  { rev, lastModified = 0 }: Pick<ReleaseFacts, 'rev' | 'lastModified'>,
  narHash: string,
): string {
  const date = new Date(lastModified * 1_000).toISOString().slice(0, 10);
  const hash = Buffer.from(narHash.slice('sha256-'.length), 'base64').toString('hex');
  return `${channel}-${date}-${rev === undefined ? `nar-${hash.slice(0, 7)}` : rev.slice(0, 7)}`;
}
