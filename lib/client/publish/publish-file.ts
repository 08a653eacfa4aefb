import { basename, extname } from 'node:path';
import type { Published, Rehearsed, ShownChannel } from '../../api/answers.ts';
import { channelPath } from '../../api/routes.ts';
import { assertExistingChannel, assertReleaseName, quoted, tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput, Problem } from '../../domain/problem.ts';
import { defaultExtension } from '../../domain/record.ts';
import type { ReleaseFacts } from '../../domain/release.ts';
import { LocalFailure } from '../../nar/archive-refused.ts';
import { nodeHasZstd } from '../../nar/decode/by-zlib.ts';
import type { ArchiveWarning, InspectedFile } from '../../nar/inspect.ts';
import { withTemporaryFile } from '../files.ts';
import {
  checkFile,
  isDirectory,
  programsFor,
  refuseFile,
  sizeOfFile,
  uninspectedNote,
  warningText,
} from './check-file.ts';
import { type PackRules, packedPath, packSource } from './pack-source.ts';
import { type PublishClient, uploadFile } from './upload.ts';

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
 * The name of what has no name of its own, `{channel}-{date}-{rev}`, its date that of the last change in UTC. Without a rev it ends in
 * `nar-` and the beginning of the narHash, without that in `sha256-` and the beginning of the file's hash, so that nobody looks for a
 * commit of that name.
 */
export function contentReleaseName(channel: string, { rev, lastModified, narHash, sha256 = '' }: ReleaseFacts): string {
  const date = lastModified === undefined ? [] : [new Date(lastModified * 1_000).toISOString().slice(0, 10)];
  const nar = narHash && Buffer.from(narHash.slice('sha256-'.length), 'base64').toString('hex');
  const hash = nar === undefined ? `sha256-${sha256.slice(0, 12)}` : `nar-${nar.slice(0, 7)}`;
  return [channel, ...date, rev?.slice(0, 7) ?? hash].join('-');
}

export interface PublishInput {
  readonly channel: string;
  /** A file, or a directory to be packed. */
  readonly path: string;
  /** Undefined: from the file's name, or from the channel, the date and the rev of what has none. */
  readonly name: string | undefined;
  /** What is said on the command line comes before what is found. */
  readonly facts: Omit<ReleaseFacts, 'sha256'>;
  /** False: a file is only hashed, and all facts are those given. */
  readonly look?: boolean;
  /** Whether a release may be older than the latest. */
  readonly force: boolean;
  readonly dryRun: boolean;
  /** For a directory. */
  readonly rules?: Partial<PackRules>;
  /** Bytes. */
  readonly maxUnpacked?: number | undefined;
}

/** The channel; undefined for who may publish but not look at it. */
export async function shownChannel(api: PublishClient['api'], channel: string): Promise<ShownChannel | undefined> {
  try {
    return await api.get<ShownChannel>(channelPath(channel), { limit: '1' });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 403) throw error;
    return undefined;
  }
}

interface Release {
  /** Of the file. */
  readonly path: string;
  /** For messages. */
  readonly shownAs: string;
  readonly facts: Omit<ReleaseFacts, 'sha256'>;
  readonly fileExtension: string;
  readonly packed: boolean;
  /** From all that is known of it. */
  readonly nameOf: (facts: ReleaseFacts) => string;
  /** Throws if what was found must not be published; an answer ends the command without an upload. */
  readonly judge?: (found: InspectedFile) => PublishedFile | undefined;
}

/** What is known about the release, the same for each way to publish it. */
export type KnownFacts = {
  readonly [Name in keyof ReleaseFacts]-?: Exclude<ReleaseFacts[Name], undefined> | null;
} & {
  /** Of the file, in bytes. */
  readonly size: number | null;
};

export const knownFacts = (facts: ReleaseFacts, size: number | null): KnownFacts => {
  const { rev = null, revCount = null, lastModified = null, narHash = null, sha256 = null } = facts;
  return { rev, revCount, lastModified, narHash, sha256, size };
};

/** The API's answer, what is known, and the warnings about the archive, unless it was only hashed. */
export type PublishedFile = (Published | Rehearsed) & KnownFacts & { readonly warnings?: readonly ArchiveWarning[] };

export async function publishLooked(
  client: PublishClient,
  input: PublishInput,
  release: Release,
): Promise<PublishedFile> {
  const { channel, force, dryRun, maxUnpacked, look = true } = input;
  const { path, shownAs, facts, fileExtension, packed, nameOf, judge } = release;
  const { environment, progress, note } = client;
  const looked = await checkFile(path, { look, environment, progress, maxUnpacked });
  const { size, sha256, partSha256s, narHash, rev, lastModified, flake, topLevelEntries, warnings = [] } = looked;
  assertNarHash(shownAs, narHash, input.facts.narHash);
  const ended = judge?.(looked);
  if (ended !== undefined) return ended;
  const archive = flake === undefined || topLevelEntries === undefined ? undefined : { flake, topLevelEntries };
  for (const warning of warnings) note(warningText(warning));
  const found = Object.fromEntries(
    Object.entries({ narHash, rev, lastModified }).filter(([, value]) => value !== undefined),
  );
  const known: ReleaseFacts = { ...found, ...facts, sha256 };
  const bytes = { size, sha256, partSha256s };
  const more = { ...bytes, ...(archive && { archive }), release: nameOf(known), fileExtension, packed, force, dryRun };
  const answer = await uploadFile(client, { channel, path, declared: { ...known, ...more } });
  return { ...answer, ...knownFacts(known, size), ...(look && { warnings }) };
}

function assertNarHash(shownAs: string, found: string | undefined, expected: string | undefined): void {
  if (found === undefined || expected === undefined || found === expected) return;
  throw refuseFile(shownAs, `has the narHash ${found}, not ${expected} as --nar-hash says`);
}

/** Before anything is packed. */
function assertWritesZstd(): void {
  if (nodeHasZstd) return;
  const text = `Node ${process.version} cannot write zstd: run this with Node 22.15 or newer, or publish a .tar.zst made by other tools.`;
  throw new LocalFailure('unsupported', text);
}

const strictRules: PackRules = {
  allowDirty: false,
  ignoreGit: false,
  submodules: false,
  allowLfsPointers: false,
  versionFiles: false,
};

async function publishDirectory(
  client: PublishClient,
  input: PublishInput,
  fileExtension: string,
): Promise<PublishedFile> {
  const { channel, path: directory, name, facts } = input;
  const { environment, progress, note } = client;
  const rules = { ...strictRules, ...input.rules };
  if (fileExtension === '.tar.zst') assertWritesZstd();
  const path = packedPath(environment, fileExtension);
  return withTemporaryFile(path, async () => {
    const packed = await packSource({ directory, path, facts, rules, fileExtension, environment, progress, note });
    const nameOf = ({ narHash = '' }: ReleaseFacts): string =>
      name ?? contentReleaseName(channel, { ...packed.facts, narHash });
    return publishLooked(client, input, { ...packed, shownAs: directory, fileExtension, packed: true, nameOf });
  });
}

/** What --version-files asks for can only be put into an archive that is made here. */
export function assertPacks({ rules }: PublishInput, shownAs: string): void {
  if (rules?.versionFiles === true)
    throw new InvalidInput(
      'versionFiles',
      `${shownAs} is published as it is: --version-files is only for a directory, which is packed.`,
    );
}

/** Publishes a file or a directory: looks at it, sends it straight to the bucket, and makes it the channel's latest release. */
export async function publishFile(client: PublishClient, input: PublishInput): Promise<PublishedFile> {
  const { channel, path, name, facts, look = true } = input;
  assertExistingChannel(channel);
  if (name !== undefined) assertReleaseName(name, 'name');
  const directory = await isDirectory(path);
  if (directory && !look)
    throw new InvalidInput(
      'file',
      `${path} is a directory: --no-look is only for files, which were packed and checked before.`,
    );
  if (!directory) {
    await sizeOfFile(path);
    assertPacks(input, path);
    if (look) await programsFor(path, client.environment);
  }
  const ownExtension = directory ? defaultExtension : (tarballFormatOf(path) ?? extname(path));
  const fileExtension = (await shownChannel(client.api, channel))?.fileExtension ?? ownExtension;
  if (directory) return publishDirectory(client, input, fileExtension);
  const release = releaseName(path, fileExtension, name);
  const note = uninspectedNote(path, look);
  if (note !== undefined) client.note(note);
  const file = { path, shownAs: path, facts, fileExtension, packed: false, nameOf: () => release };
  return publishLooked(client, input, file);
}
