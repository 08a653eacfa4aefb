import { randomUUID } from 'node:crypto';
import type { Rehearsed } from '../../lambda/publish/open-upload.ts';
import type { Published } from '../../lambda/publish/publication.ts';
import type { OpenUpload } from '../../lambda/publish/sign-parts.ts';
import type { ProblemCode } from '../api/problem.ts';
import { Problem } from '../domain/problem.ts';
import type { ArchiveFacts, ReleaseFacts } from '../domain/release-facts.ts';
import type { PartUrl } from '../store/write/part-urls.ts';
import { channelPath } from './channel-api.ts';
import { neverInterrupted } from './interrupt.ts';
import { md5OfFile, md5sOfParts } from './md5-of-file.ts';
import type { PublishClient } from './publish-client.ts';
import { type RememberedUpload, rememberedUpload, stateDirectory } from './remembered-upload.ts';
import { uploadParts } from './upload-parts.ts';

/** What is declared of a file; the API's documentation has the rules. */
export interface Declared extends ReleaseFacts {
  readonly release: string;
  readonly fileExtension: string;
  readonly size: number;
  readonly sha256: string;
  readonly partSha256s: readonly string[];
  /** Of an archive that was looked into. */
  readonly archive?: ArchiveFacts;
  readonly packed: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
}

export interface FileToUpload {
  readonly channel: string;
  readonly path: string;
  readonly declared: Declared;
}

/** So often a new upload is begun where the one before was lost to another publisher or to the bucket's lifecycle. */
const uploads = 3;

const isCode = (error: unknown, code: ProblemCode): boolean => error instanceof Problem && error.code === code;

/** Sends what is missing of an open upload, page by page of URLs. */
async function sendMissing(
  client: PublishClient,
  { channel, path, declared: { size } }: FileToUpload,
  opened: OpenUpload,
): Promise<void> {
  const { api, send, sleep, note, now, progress } = client;
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
      await uploadParts({ path, partSize, send, sleep, note, now, signAnew, onPart }, page.parts);
      if (page.next === undefined) break;
      page = await urls(page.next);
    }
  } finally {
    progress.end();
  }
}

async function declare(
  { api }: PublishClient,
  { channel, path, declared }: FileToUpload,
  operation: string,
): Promise<Published | OpenUpload | Rehearsed> {
  const to = channelPath(channel, '/uploads');
  const asked: { md5?: string; partMd5s?: readonly string[] } = {};
  for (;;) {
    try {
      return await api.post(to, { operation, ...declared, ...asked });
    } catch (error) {
      if (isCode(error, 'md5-needed') && asked.md5 === undefined) asked.md5 = await md5OfFile(path);
      else if (isCode(error, 'part-md5s-needed') && asked.partMd5s === undefined)
        asked.partMd5s = await md5sOfParts(path, declared.size);
      else throw error;
    }
  }
}

/** The upload that an interrupted run left open, or undefined where it is no longer there. */
async function resumed(
  { api }: PublishClient,
  { channel, declared }: FileToUpload,
  remembered: RememberedUpload,
): Promise<OpenUpload | undefined> {
  const upload = await remembered.find(declared);
  if (upload === undefined) return undefined;
  try {
    return await api.get<OpenUpload>(channelPath(channel, `/uploads/${upload}`));
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || isCode(error, 'upload-gone'))) return undefined;
    throw error;
  }
}

/** Declares a file, sends what is missing of it straight to the bucket, and makes it the channel's latest release. */
export async function uploadFile(client: PublishClient, file: FileToUpload): Promise<Published | Rehearsed> {
  const { api, environment, now, note, whenInterrupted = neverInterrupted } = client;
  const { channel, declared } = file;
  const { release, sha256, force } = declared;
  const key = { api: api.url, channel, release, sha256 };
  const remembered = rememberedUpload(stateDirectory(environment), key, now);
  for (let attempt = 1; ; attempt += 1) {
    const operation = randomUUID();
    const open = declared.dryRun || attempt > 1 ? undefined : await resumed(client, file, remembered);
    if (open !== undefined) note(`continuing an interrupted upload: ${open.arrived.length} parts have arrived`);
    const answer = open ?? (await declare(client, file, operation));
    if (answer.status !== 'open') return answer;
    await remembered.keep(answer.upload, declared);
    try {
      await whenInterrupted(
        () => note('interrupted: nothing was published. Run the same command again: the parts that arrived are kept.'),
        () => sendMissing(client, file, answer),
      );
      const published = await api.post<Published>(channelPath(channel, '/releases'), {
        operation,
        upload: answer.upload,
        force,
      });
      await remembered.forget();
      return published;
    } catch (error) {
      if (!isCode(error, 'upload-gone') || attempt === uploads) throw error;
    }
  }
}
