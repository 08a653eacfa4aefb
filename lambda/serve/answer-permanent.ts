import { quoted } from '../../lib/domain/names.ts';
import { NotFound, type Problem } from '../../lib/domain/problem.ts';
import type { ObjectHead } from '../../lib/store/read/bucket-reader.ts';
import type { CatalogView } from '../../lib/store/read/channel-directory.ts';
import type { PresignedUrls } from '../../lib/store/read/presigned-urls.ts';
import type { Access } from '../auth/access.ts';
import { type FindReleaseOptions, findRelease, findRestrictedRelease, knownRelease } from './find-release.ts';
import type { Intent } from './intent.ts';
import type { ReadRequest } from './read-request.ts';
import { givenByPatterns, ofReleases, openTo } from './readership.ts';

/** Amazon S3: a key is at most 1,024 bytes of UTF-8. */
const longestKey = 1_024;
/** Without a good token, catalog and records are read again at most once in this time. */
const anonymousRecentMs = 1_000;

export interface PermanentOptions extends FindReleaseOptions {
  readonly access: Access | undefined;
  readonly urls: Pick<PresignedUrls, 'of'>;
}

/** `.` and `..` would be another address of the bucket's server (RFC 3986, 5.2.4). */
const couldBeKey = (key: string): boolean =>
  key.isWellFormed() &&
  Buffer.byteLength(key) <= longestKey &&
  !/^\.{0,2}$|[/\p{Cc}]/u.test(key) &&
  !key.toLowerCase().endsWith('.json');

const absent = (key: string): NotFound =>
  new NotFound(
    `There is no release ${quoted(key)}. The newest one of a channel is at /channel/NAME with the channel's extension.`,
  );

/** The release, as far as this reader may read it, or what to answer instead. */
async function resolve(
  key: string,
  authorization: string | undefined,
  options: PermanentOptions,
): Promise<ObjectHead | Problem> {
  const { access, directory } = options;
  const isKey = couldBeKey(key);
  if (access === undefined) return (isKey ? await findRelease(key, options) : undefined) ?? absent(key);
  const catalog = await directory.catalog();
  const open = openTo(catalog);
  const known = isKey && catalog.public.size > 0 ? await knownRelease(key, open, options) : undefined;
  if (known !== undefined) return known;
  const caller = await access.authenticate(authorization);
  const scope = 'scope' in caller ? caller.scope : undefined;
  const refused = (): Problem => ('scope' in caller ? absent(key) : caller.refusal);
  if (!isKey) return refused();
  if (scope === 'all') return (await findRelease(key, options)) ?? refused();
  // Where nothing is public, whoever has no token costs the bucket nothing.
  if (scope === undefined && catalog.public.size === 0) return refused();
  const reader = {
    readershipIn: (now: CatalogView) => ofReleases(givenByPatterns(scope ?? [], now), now),
    recentMs: scope === undefined ? anonymousRecentMs : 0,
  };
  return (await findRestrictedRelease(key, reader, options)) ?? refused();
}

/** One release for ever. */
export async function answerPermanent(
  key: string,
  { method, knownEtags, authorization }: Pick<ReadRequest, 'method' | 'knownEtags' | 'authorization'>,
  options: PermanentOptions,
): Promise<Intent> {
  const head = await resolve(key, authorization, options);
  if (head instanceof Error) throw head;
  if (knownEtags.includes(head.etag)) return { kind: 'not-modified', key, etag: head.etag, head };
  if (method === 'HEAD') return { kind: 'describe-object', key, head };
  return { kind: 'lead-to-bucket', key, head, url: await options.urls.of(key) };
}
