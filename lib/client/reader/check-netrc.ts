import { type NetrcFile, netrcHost } from '../netrc/find.ts';
import { DamagedNetrc, isSent, type NetrcEntry, netrcMatches, sentEntry } from '../netrc/parse.ts';
import { asWarning, type ReaderFinding, readerFinding } from './reader-finding.ts';

export interface NetrcCheck {
  readonly findings: readonly ReaderFinding[];
  readonly entry?: NetrcEntry | undefined;
}

const unreadable = (path: string, code: string): ReaderFinding =>
  readerFinding(
    'netrc-unreadable',
    path,
    `Nix is set to this netrc file, and cannot read it either when you run it (${code}).`,
    'Let yourself read it, or set netrc-file to one of your own: channelctl login.',
  );

const open = (path: string): ReaderFinding =>
  readerFinding(
    'netrc-open',
    path,
    'Everybody on this machine can read it, and the tokens in it.',
    `chmod 600 ${path}, or 640 with a group where the daemon and people share it.`,
  );

function entryFindings(path: string, host: string, { isDefault, login, password }: NetrcEntry): ReaderFinding[] {
  const again = 'Write the entry again: channelctl login.';
  const found: ReaderFinding[] = [];
  if (isDefault)
    found.push(
      readerFinding(
        'netrc-default',
        path,
        `${host} is found by the "default" entry alone, which sends the same credentials to every host.`,
        `Give ${host} an entry of its own, and take the default away: channelctl login.`,
      ),
    );
  if (password === undefined)
    found.push(
      readerFinding(
        'netrc-no-password',
        path,
        `The entry of ${host} has no password, so ${login === undefined ? 'Nix sends nothing' : 'an empty one is sent'}.`,
        again,
      ),
    );
  else if (login === undefined)
    found.push(
      readerFinding(
        'netrc-no-login',
        path,
        `The entry of ${host} has no login: Nix 2.26 and 2.34 send the password all the same, not every version of curl does.`,
        again,
      ),
    );
  return found;
}

function damageFindings(path: string, text: string, host: string): ReaderFinding[] {
  try {
    netrcMatches(text, host);
    return [];
  } catch (error) {
    if (!(error instanceof DamagedNetrc)) throw error;
    const damaged = readerFinding('netrc-damaged', path, `${error.message} curl reads no further.`, 'Mend that line.');
    return [isSent(sentEntry(text, host)) ? asWarning(damaged) : damaged];
  }
}

/** What Nix would send to a host by a netrc file, and what is wrong with it. */
export function checkNetrc(path: string, file: NetrcFile, host: string): NetrcCheck {
  if (file.state === 'absent') return { findings: [] };
  if (file.state === 'unreadable') return { findings: [unreadable(path, file.code)] };
  const entry = sentEntry(file.text, host);
  return {
    findings: [
      ...((file.mode & 0o007) === 0 ? [] : [open(path)]),
      ...damageFindings(path, file.text, host),
      ...(entry === undefined ? [] : entryFindings(path, host, entry)),
    ],
    entry,
  };
}

const entryIn = (file: NetrcFile, host: string): NetrcEntry | undefined =>
  file.state === 'readable' ? sentEntry(file.text, host) : undefined;

/** No entry names it (RFC 6761, section 6.4), so what it gets stands in `default`. */
const anyBucket = 'bucket.invalid';

/**
 * S3 answers 400 to a presigned URL that comes with credentials too. CloudFront ignores them.
 *
 * @param bucket where releases are downloaded from; undefined where that was not seen
 */
export function checkBucketNetrc(path: string, file: NetrcFile, bucket: URL | undefined): ReaderFinding[] {
  if (bucket?.searchParams.has('Key-Pair-Id') === true) return [];
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
