import { netrcEntry } from '../netrc/netrc-entry.ts';
import type { NetrcFile } from '../netrc/netrc-file.ts';
import { netrcHost } from '../netrc/netrc-host.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

const holds = (file: NetrcFile, host: string): boolean => {
  try {
    return file.state === 'readable' && netrcEntry(file.text, host)?.password !== undefined;
  } catch {
    return false;
  }
};

/** S3 answers 400 to a presigned URL that comes with credentials too. */
export function checkBucketNetrc(path: string, file: NetrcFile, bucket: URL | undefined): ReaderFinding[] {
  if (bucket === undefined || !holds(file, netrcHost(bucket))) return [];
  return [
    readerFinding(
      'netrc-bucket',
      path,
      `It has credentials for ${netrcHost(bucket)} too, the bucket, which refuses a presigned URL that comes with any: every download fails.`,
      'Replace its "default" entry by entries of the hosts that are meant.',
    ),
  ];
}

/** Entries of the host in files that Nix does not read. */
export function checkUnreadNetrc(
  host: string,
  path: string,
  others: readonly { readonly path: string; readonly file: NetrcFile }[],
): ReaderFinding[] {
  return others
    .filter(({ file }) => holds(file, host))
    .map((other) =>
      readerFinding(
        'netrc-unread',
        other.path,
        `It has an entry for ${host}, but Nix reads ${path}.`,
        `Put into nix.conf: netrc-file = ${other.path}`,
      ),
    );
}
