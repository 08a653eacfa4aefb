import { randomUUID } from 'node:crypto';
import { extname } from 'node:path';
import type { Rehearsed } from '../../lambda/publish/open-upload.ts';
import type { Published } from '../../lambda/publish/publication.ts';
import type { ShownChannel } from '../../lambda/publish/show-channel.ts';
import type { OpenUpload } from '../../lambda/publish/sign-parts.ts';
import { assertChannelName, assertReleaseName } from '../domain/names.ts';
import { Problem } from '../domain/problem.ts';
import type { ReleaseFacts } from '../domain/release-facts.ts';
import { tarballFormatOf } from '../domain/tarball-formats.ts';
import type { PartUrl } from '../store/write/part-urls.ts';
import { type ChannelApi, channelPath } from './channel-api.ts';
import type { Send } from './http-exchange.ts';
import type { Progress } from './progress.ts';
import { type FileFacts, md5OfFile, readFileFacts, sizeOfFile } from './read-file-facts.ts';
import { releaseName } from './release-name.ts';
import { uploadParts } from './upload-parts.ts';

export interface PublishInput {
  readonly channel: string;
  readonly path: string;
  /** Undefined: from the file's name. */
  readonly name: string | undefined;
  readonly facts: Omit<ReleaseFacts, 'sha256'>;
  /** Whether a release may be older than the latest. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

export interface PublishClient {
  readonly api: Pick<ChannelApi, 'get' | 'post'>;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly progress: Progress;
}

type Declared = FileFacts &
  Omit<ReleaseFacts, 'sha256'> & {
    readonly release: string;
    readonly fileExtension: string;
    readonly force: boolean;
    readonly dryRun: boolean;
    readonly md5?: string;
  };

/** So often a new upload is begun where the one before was lost to another publisher or to the bucket's lifecycle. */
const uploads = 3;

const isCode = (error: unknown, code: string): boolean => error instanceof Problem && error.code === code;

/** Sends what is missing of an open upload, page by page of URLs. */
async function sendMissing(
  client: PublishClient,
  { channel, path }: PublishInput,
  size: number,
  opened: OpenUpload,
): Promise<void> {
  const { api, send, sleep, progress } = client;
  const { upload, partSize } = opened;
  const urls = (after: number): Promise<OpenUpload> =>
    api.get(channelPath(channel, `/uploads/${upload}`), { after: String(after) });
  const signAnew = async (partNumber: number): Promise<PartUrl | undefined> => {
    const { arrived, parts } = await urls(partNumber - 1);
    return arrived.includes(partNumber) ? undefined : parts[0];
  };
  let sent = opened.arrived.reduce(
    (bytes, partNumber) => bytes + Math.min(partSize, size - (partNumber - 1) * partSize),
    0,
  );
  const onPart = (_: number, bytes: number): void => {
    sent += bytes;
    progress.bytes(sent);
  };
  progress.begin('uploading', size);
  progress.bytes(sent);
  try {
    for (let page = opened; page.parts.length > 0; ) {
      await uploadParts({ path, partSize, send, sleep, signAnew, onPart }, page.parts);
      if (page.next === undefined) break;
      page = await urls(page.next);
    }
  } finally {
    progress.end();
  }
}

async function declare(
  client: PublishClient,
  input: PublishInput,
  declared: Declared,
  operation: string,
): Promise<Published | OpenUpload | Rehearsed> {
  const path = channelPath(input.channel, '/uploads');
  try {
    return await client.api.post(path, { operation, ...declared });
  } catch (error) {
    if (!isCode(error, 'md5-needed')) throw error;
    return client.api.post(path, { operation, ...declared, md5: await md5OfFile(input.path) });
  }
}

/** The channel's extension; for who may publish but not look at the channel, the file's own, which the API compares. */
async function extensionOf(api: PublishClient['api'], channel: string, path: string): Promise<string> {
  try {
    return (await api.get<ShownChannel>(channelPath(channel))).fileExtension;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 403) throw error;
    return tarballFormatOf(path) ?? extname(path);
  }
}

/** Publishes a file: looks at it, declares it, sends it straight to the bucket, and makes it the channel's latest release. */
export async function publishFile(client: PublishClient, input: PublishInput): Promise<Published | Rehearsed> {
  const { channel, path, name, facts, force, dryRun } = input;
  const { api, progress } = client;
  assertChannelName(channel);
  if (name !== undefined) assertReleaseName(name, 'name');
  const size = await sizeOfFile(path);
  const fileExtension = await extensionOf(api, channel, path);
  const release = releaseName(path, fileExtension, name);
  progress.begin('hashing', size);
  const file = await readFileFacts(path, progress.bytes).finally(progress.end);
  const declared: Declared = { ...facts, ...file, release, fileExtension, force, dryRun };
  for (let attempt = 1; ; attempt += 1) {
    const operation = randomUUID();
    const answer = await declare(client, input, declared, operation);
    if (answer.status !== 'open') return answer;
    try {
      await sendMissing(client, input, file.size, answer);
      return await api.post<Published>(channelPath(channel, '/releases'), { operation, upload: answer.upload, force });
    } catch (error) {
      if (!isCode(error, 'upload-gone') || attempt === uploads) throw error;
    }
  }
}
