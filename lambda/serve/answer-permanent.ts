import { quoted } from '../../lib/domain/names.ts';
import { NotFound, Unavailable } from '../../lib/domain/problem.ts';
import { tarballFormatOf } from '../../lib/domain/tarball-formats.ts';
import type { ChannelDirectory } from '../../lib/store/read/channel-directory.ts';
import type { ObjectFacts } from '../../lib/store/read/object-facts.ts';
import type { PresignedUrls } from '../../lib/store/read/presigned-urls.ts';
import type { Intent } from './intent.ts';
import type { ReadRequest } from './read-request.ts';

/** Amazon S3: a key is at most 1,024 bytes of UTF-8. */
const longestKey = 1_024;
/** Records asked for at once, and milliseconds for all of them, to learn which extensions there are. */
const recordsAtOnce = 32;
const patience = 5_000;

export interface PermanentOptions {
  readonly directory: Pick<ChannelDirectory, 'catalog' | 'record' | 'loadedRecord' | 'namesRelease'>;
  readonly objects: Pick<ObjectFacts, 'find'>;
  readonly urls: Pick<PresignedUrls, 'of'>;
  readonly now: () => number;
}

const couldBeKey = (key: string): boolean =>
  key.isWellFormed() &&
  Buffer.byteLength(key) <= longestKey &&
  !/[/\p{Cc}]/u.test(key) &&
  !key.toLowerCase().endsWith('.json');

/** Whether some channel has the extension that the key ends in. Records not yet in memory are loaded, a few at a time. */
async function isOfSomeChannel(key: string, { directory, now }: PermanentOptions): Promise<boolean> {
  const { channels, removed } = await directory.catalog();
  const fits = (extension: string | undefined): boolean => extension !== undefined && key.endsWith(extension);
  const unknown: string[] = [];
  for (const channel of [...channels, ...removed]) {
    const loaded = directory.loadedRecord(channel);
    if (fits(loaded?.record?.fileExtension)) return true;
    if (loaded === undefined) unknown.push(channel);
  }
  const begun = now();
  for (let next = 0; next < unknown.length; next += recordsAtOnce) {
    if (now() - begun > patience) throw new Unavailable('The channels are still being read: try again.');
    const some = await Promise.all(
      unknown.slice(next, next + recordsAtOnce).map((channel) => directory.record(channel)),
    );
    if (some.some(({ record }) => fits(record?.fileExtension))) return true;
  }
  return false;
}

/** One release for ever: any object with the ending of a tarball or of a channel, whether or not a record names it. */
export async function answerPermanent(
  key: string,
  { method, knownEtags }: Pick<ReadRequest, 'method' | 'knownEtags'>,
  options: PermanentOptions,
): Promise<Intent> {
  const absent = (): NotFound =>
    new NotFound(
      `There is no release ${quoted(key)}. The newest one of a channel is at /channel/NAME with the channel's extension.`,
    );
  if (!couldBeKey(key)) throw absent();
  if (tarballFormatOf(key) === undefined && !(await isOfSomeChannel(key, options))) throw absent();
  const head = await options.objects.find(key, () => options.directory.namesRelease(key));
  if (head === undefined) throw absent();
  if (knownEtags.includes(head.etag)) return { kind: 'not-modified', etag: head.etag };
  if (method === 'HEAD') return { kind: 'describe-object', head };
  return { kind: 'lead-to-bucket', url: await options.urls.of(key) };
}
