import type { Problem } from '../../lib/domain/problem.ts';
import type { PresignedUrls } from '../../lib/store/read/releases.ts';
import type { Access } from '../auth/scope.ts';
import { absent, type FindReleaseOptions, type Resolved, resolveAny } from './find-release.ts';
import type { ReadRequest } from './read-request.ts';
import type { Intent } from './respond.ts';
import type { ResolveRestricted } from './restricted-release.ts';
import type { RecordOfRelease, retiredProblem } from './retired.ts';

/** Amazon S3: a key is at most 1,024 bytes of UTF-8. */
const maxKeyBytes = 1_024;

/** Where readers need tokens for what is not public. An open service does not load the code for it. */
export interface Tokens {
  readonly access: Access;
  readonly resolveRestricted: ResolveRestricted;
}

/** Records that one request reads to find the channel that retired a release last. */
const maxUnreadRecords = 64;

interface PermanentOptions extends FindReleaseOptions {
  readonly tokens: Tokens | undefined;
  readonly urls: Pick<PresignedUrls, 'of'>;
  /** Of records. */
  readonly maxAgeMs: number;
  readonly baseUrl: string;
  /** Loads what few requests need. */
  readonly rare: () => Promise<{ readonly retiredProblem: typeof retiredProblem }>;
}

/** `.` and `..` would be another address of the bucket's server (RFC 3986, 5.2.4). */
const couldBeKey = (key: string): boolean =>
  key.isWellFormed() &&
  Buffer.byteLength(key) <= maxKeyBytes &&
  !/^\.{0,2}$|[/\p{Cc}]/u.test(key) &&
  !key.toLowerCase().endsWith('.json');

/**
 * Why a release is not available, where a record that this reader may read says so. These records are read again when they are old,
 * as for a channel. No other record counts, so that a release which is not for this reader costs what an unknown one costs.
 */
async function retirementOf(key: string, resolved: Resolved, options: PermanentOptions): Promise<Problem | undefined> {
  const { directory, now, maxAgeMs, baseUrl, rare } = options;
  const { found, mayRead } = resolved;
  const isThere = !(found instanceof Error);
  const recordsOf = async (channels: readonly string[]): Promise<readonly RecordOfRelease[]> => {
    const records = channels.map(async (channel) => {
      const known = directory.loadedRecord(channel);
      const { record } = (await directory.record(channel).catch(() => known)) ?? {};
      return record === undefined || !key.endsWith(record.fileExtension) ? [] : [{ channel, record }];
    });
    return (await Promise.all(records)).flat();
  };
  const records = await recordsOf(directory.channelsOf(key, isThere ? found.channel : undefined, mayRead));
  const isMarked = records.some(({ record: { fileExtension, retired } }) =>
    Object.hasOwn(retired, key.slice(0, key.length - fileExtension.length)),
  );
  if (!isMarked) return undefined;
  const unread = () => recordsOf([...directory.unread].filter(mayRead).slice(0, maxUnreadRecords));
  return (await rare()).retiredProblem({ key, isThere, records, unread, now: now(), maxAgeMs, baseUrl });
}

/** A permanent URL leads to the same release forever. */
export async function answerPermanent(
  key: string,
  { method, knownEtags, authorization }: Pick<ReadRequest, 'method' | 'knownEtags' | 'authorization'>,
  options: PermanentOptions,
): Promise<Intent> {
  const { tokens } = options;
  const isKey = couldBeKey(key);
  if (tokens === undefined && !isKey) throw absent(key);
  const resolved = await (tokens === undefined
    ? resolveAny(key, () => absent(key), options)
    : tokens.resolveRestricted(key, isKey, authorization, tokens.access, options));
  const { found: head } = resolved;
  const retired = await retirementOf(key, resolved, options);
  if (retired !== undefined) throw retired;
  if (head instanceof Error) throw head;
  if (knownEtags.includes(head.etag)) return { kind: 'not-modified', key, etag: head.etag, head };
  if (method === 'HEAD') return { kind: 'describe-object', key, head };
  return { kind: 'lead-to-bucket', key, head, url: await options.urls.of(key) };
}
