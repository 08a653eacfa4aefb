import { isSent, type NetrcEntry, sentEntry } from '../netrc/netrc-entry.ts';
import type { NetrcFile } from '../netrc/netrc-file.ts';
import { netrcHost } from '../netrc/netrc-host.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

const entryIn = (file: NetrcFile, host: string): NetrcEntry | undefined =>
  file.state === 'readable' ? sentEntry(file.text, host) : undefined;

/** No entry names it (RFC 6761, section 6.4), so what it gets stands in `default`. */
const anyBucket = 'bucket.invalid';

/** S3 answers 400 to a presigned URL that comes with credentials too. @param bucket undefined where none was seen */
export function checkBucketNetrc(path: string, file: NetrcFile, bucket: URL | undefined): ReaderFinding[] {
  const host = bucket === undefined ? anyBucket : netrcHost(bucket);
  const entry = entryIn(file, host);
  if (!isSent(entry)) return [];
  const fix = entry?.isDefault === true ? 'Replace it with one machine entry per host.' : 'Take that entry away.';
  if (bucket === undefined)
    return [
      readerFinding(
        'netrc-default',
        path,
        'It has a "default" entry, which the bucket gets as well, and refuses a presigned URL that comes with credentials.',
        fix,
      ),
    ];
  return [
    readerFinding(
      'netrc-bucket',
      path,
      `${entry?.isDefault === true ? 'Its "default" entry' : 'An entry of it'} has credentials for the bucket, ${host}, which refuses a presigned URL that comes with any: every download fails.`,
      fix,
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
    .filter(({ file }) => entryIn(file, host)?.password !== undefined)
    .map((other) =>
      readerFinding(
        'netrc-unread',
        other.path,
        `It has an entry for ${host}, but Nix reads ${path}.`,
        `Put into nix.conf: netrc-file = ${other.path}`,
      ),
    );
}
