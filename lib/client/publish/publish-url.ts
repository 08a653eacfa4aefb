import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { ShownChannel } from '../../api/answers.ts';
import { assertExistingChannel, assertReleaseName, quoted, tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { defaultExtension } from '../../domain/record.ts';
import type { ReleaseFacts } from '../../domain/release.ts';
import type { ImmutableLink } from '../../domain/urls.ts';
import { defaultLimits } from '../../nar/archive-refused.ts';
import { isTarballName } from '../../nar/file.ts';
import type { InspectedFile } from '../../nar/inspect.ts';
import { withTemporaryFile } from '../files.ts';
import { programsFor, uninspectedNote } from './check-file.ts';
import { download } from './download.ts';
import { packedPath, writeNewFile } from './pack-source.ts';
import {
  assertPacks,
  contentReleaseName,
  knownFacts,
  type PublishedFile,
  type PublishInput,
  publishLooked,
  shownChannel,
} from './publish-file.ts';
import { parseSourceUrl, shownUrl } from './source-url.ts';
import type { PublishClient } from './upload.ts';

export interface RemoteInput extends PublishInput {
  /** A URL, or `-` for standard input. */
  readonly path: string;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly allowPrivate: boolean;
}

/** Publishes what has to be copied to this machine first. */
export const publishRemote = (client: PublishClient, input: RemoteInput): Promise<PublishedFile> =>
  input.path === '-' ? publishInput(client, input) : publishUrl(client, input);

async function publishInput(client: PublishClient, input: RemoteInput): Promise<PublishedFile> {
  const { channel, name, facts, look, stdin } = input;
  const shownAs = 'standard input';
  assertExistingChannel(channel);
  assertPacks(input, shownAs);
  if (name === undefined)
    throw new InvalidInput('name', 'Standard input has no name: give the name of the release with --name.');
  assertReleaseName(name, 'name');
  const { fileExtension = defaultExtension } = (await shownChannel(client.api, channel)) ?? {};
  const path = packedPath(client.environment, fileExtension);
  return withTemporaryFile(path, async () => {
    await writeNewFile(path, stdin, client.environment);
    if ((await stat(path)).size === 0) throw new InvalidInput('file', 'Standard input is empty.');
    const note = uninspectedNote(name + fileExtension, look);
    if (note !== undefined) client.note(note);
    return publishLooked(client, input, { path, shownAs, facts, fileExtension, packed: false, nameOf: () => name });
  });
}

/** The answer where the channel's latest release has the same tree: nothing moves. Undefined without a release and its facts. */
function unchangedAnswer(channel: ShownChannel): PublishedFile | undefined {
  const { latest, permanentUrl, facts, channelUrl, snippets } = channel;
  if (latest === null || permanentUrl === undefined || facts === undefined) return undefined;
  return {
    status: 'published',
    channel: channel.channel,
    release: latest,
    fresh: false,
    latest: true,
    latestRelease: latest,
    channelUrl,
    permanentUrl,
    ...(snippets === undefined ? {} : { snippets }),
    ...knownFacts(facts, null),
  };
}

/** Who says which commit the file was made from, and which narHash it has. */
type Claims = readonly (readonly [who: string, facts: ReleaseFacts])[];

/** Refuses a file about which two of them say different things. */
function assertAgree(url: URL, claims: Claims): void {
  for (const name of ['rev', 'narHash'] as const) {
    const made = claims.flatMap(([who, { [name]: value }]) => (value === undefined ? [] : [{ who, value }]));
    const [first] = made;
    const other = made.find(({ value }) => value !== first?.value);
    if (first !== undefined && other !== undefined)
      throw new InvalidInput(
        name,
        `${shownUrl(url)} is refused: its ${name} is ${first.value} by ${first.who}, but ${other.value} by ${other.who}.`,
      );
  }
}

/** Refuses a file whose name ends in another tarball's extension than the channel's. A name without one says nothing. */
function assertExtension(url: URL, fileExtension: string): void {
  const { pathname } = url;
  const other = tarballFormatOf(pathname);
  if (other !== undefined && !pathname.endsWith(fileExtension))
    throw new InvalidInput(
      'url',
      `The channel takes files that end in "${fileExtension}", and ${quoted(basename(pathname))} does not.`,
    );
}

async function publishUrl(client: PublishClient, input: RemoteInput): Promise<PublishedFile> {
  const { channel, name, look = true, allowPrivate, maxUnpacked = defaultLimits.maxUnpacked } = input;
  const url = parseSourceUrl(input.path);
  assertExistingChannel(channel);
  assertPacks(input, shownUrl(url));
  if (!look) throw new InvalidInput('url', `${shownUrl(url)} must be checked: --no-look is only for a local file.`);
  if (name !== undefined) assertReleaseName(name, 'name');
  const shown = await shownChannel(client.api, channel);
  const own = tarballFormatOf(url.pathname) ?? (extname(url.pathname) || defaultExtension);
  const fileExtension = shown?.fileExtension ?? own;
  await programsFor(`archive${fileExtension}`, client.environment);
  const path = packedPath(client.environment, fileExtension);
  const options: Claims = [['the options', input.facts]];
  const latest = shown === undefined ? undefined : unchangedAnswer(shown);
  const isKnown = (link: ImmutableLink): boolean => {
    assertAgree(url, [...options, ['the Link', link.facts]]);
    assertExtension(link.url, fileExtension);
    return latest !== undefined && latest.narHash === link.facts.narHash;
  };
  return withTemporaryFile(path, async () => {
    const maxSize = isTarballName(path) ? maxUnpacked : Infinity;
    const allowHtml = /^\.html?$/i.test(fileExtension);
    const task = { url, path, allowPrivate, maxSize, allowHtml, isKnown };
    const { complete, link, url: sender } = await download(client, task);
    if (latest !== undefined && !complete) return latest;
    if (link === undefined) assertExtension(sender, fileExtension);
    const file = basename(url.pathname);
    const note = uninspectedNote(file.endsWith(fileExtension) ? file : file + fileExtension);
    if (note !== undefined) client.note(note);
    // The narHash of a Link is only compared: what cannot be computed is not claimed.
    const { narHash: _, ...linked } = link?.facts ?? {};
    const judge = (found: InspectedFile): PublishedFile | undefined => {
      assertAgree(url, [...options, ['the Link', link?.facts ?? {}], ['the archive', found]]);
      if (latest === undefined || latest.narHash !== (found.narHash ?? '')) return undefined;
      return { ...latest, size: latest.sha256 === found.sha256 ? found.size : null };
    };
    return publishLooked(client, input, {
      path,
      shownAs: shownUrl(url),
      facts: { ...linked, ...input.facts },
      fileExtension,
      packed: false,
      nameOf: (known) => name ?? contentReleaseName(channel, known),
      judge,
    });
  });
}
