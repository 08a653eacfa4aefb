import { basename, extname } from 'node:path';
import type { Published, Rehearsed, ShownChannel } from '../../api/answers.ts';
import { channelPath } from '../../api/routes.ts';
import { assertExistingChannel, assertReleaseName, quoted, tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput, Problem } from '../../domain/problem.ts';
import { defaultExtension } from '../../domain/record.ts';
import type { ReleaseFacts } from '../../domain/release.ts';
import { LocalFailure } from '../../nar/archive-refused.ts';
import { nodeHasZstd } from '../../nar/decode/by-zlib.ts';
import type { ArchiveWarning } from '../../nar/inspect.ts';
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

interface PublishInput {
  readonly channel: string;
  /** A file, or a directory to be packed. */
  readonly path: string;
  /** Undefined: from the file's name, or from the channel, the date and the rev of a directory. */
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

/** The channel's extension; for who may publish but not look at the channel, the file's own, which the API compares. */
async function extensionOf(
  api: PublishClient['api'],
  channel: string,
  path: string,
  directory: boolean,
): Promise<string> {
  try {
    return (await api.get<ShownChannel>(channelPath(channel), { limit: '1' })).fileExtension;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 403) throw error;
    return directory ? defaultExtension : (tarballFormatOf(path) ?? extname(path));
  }
}

type Release = Pick<PublishInput, 'path' | 'facts'> & {
  readonly fileExtension: string;
  readonly packed: boolean;
  /** From what was found in it. */
  readonly nameOf: (narHash: string | undefined) => string;
};

/** The API's answer, and the warnings about the archive, unless it was only hashed. */
type PublishedFile = (Published | Rehearsed) & { readonly warnings?: readonly ArchiveWarning[] };

async function publishLooked(client: PublishClient, input: PublishInput, release: Release): Promise<PublishedFile> {
  const { channel, force, dryRun, maxUnpacked, look = true } = input;
  const { path, facts, fileExtension, packed, nameOf } = release;
  const { environment, progress, note } = client;
  const looked = await checkFile(path, { look, environment, progress, maxUnpacked });
  const { size, sha256, partSha256s, narHash, rev, lastModified, flake, topLevelEntries, warnings = [] } = looked;
  assertNarHash(path, narHash, input.facts.narHash);
  const archive = flake === undefined || topLevelEntries === undefined ? undefined : { flake, topLevelEntries };
  for (const warning of warnings) note(warningText(warning));
  const found = Object.fromEntries(
    Object.entries({ narHash, rev, lastModified, archive }).filter(([, value]) => value !== undefined),
  );
  const bytes = { size, sha256, partSha256s };
  const declared = { ...found, ...facts, ...bytes, release: nameOf(narHash), fileExtension, packed, force, dryRun };
  return { ...(await uploadFile(client, { channel, path, declared })), ...(look && { warnings }) };
}

function assertNarHash(path: string, found: string | undefined, expected: string | undefined): void {
  if (found === undefined || expected === undefined || found === expected) return;
  throw refuseFile(path, `has the narHash ${found}, not ${expected} as --nar-hash says`);
}

/** Before anything is packed. */
function assertWritesZstd(): void {
  if (nodeHasZstd) return;
  const text = `Node ${process.version} cannot write zstd: run this with Node 22.15 or newer, or publish a .tar.zst made by other tools.`;
  throw new LocalFailure('unsupported', text);
}

const strictRules: PackRules = { allowDirty: false, ignoreGit: false, submodules: false, allowLfsPointers: false };

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
    const nameOf = (narHash = ''): string => name ?? directoryReleaseName(channel, packed.facts, narHash);
    return publishLooked(client, input, { ...packed, fileExtension, packed: true, nameOf });
  });
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
    if (look) await programsFor(path, client.environment);
  }
  const fileExtension = await extensionOf(client.api, channel, path, directory);
  if (directory) return publishDirectory(client, input, fileExtension);
  const release = releaseName(path, fileExtension, name);
  const note = uninspectedNote(path, look);
  if (note !== undefined) client.note(note);
  return publishLooked(client, input, { path, facts, fileExtension, packed: false, nameOf: () => release });
}
