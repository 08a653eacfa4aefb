import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { OpenUpload, PartUrl, Published, Rehearsed } from '../../api/answers.ts';
import type { ProblemCode } from '../../api/problem.ts';
import { channelPath } from '../../api/routes.ts';
import { Problem } from '../../domain/problem.ts';
import type { ArchiveFacts, ReleaseFacts } from '../../domain/release.ts';
import type { ChannelApi } from '../api/channel-api.ts';
import { neverInterrupted, pages, type Send, type WhenInterrupted } from '../api/http.ts';
import type { Progress } from '../text.ts';
import { md5OfFile, md5sOfParts, uploadParts } from './upload-parts.ts';

/** The bucket removes an open upload after a week. */
const maxAgeMs = 8 * 24 * 3_600_000;

interface UploadKey {
  readonly api: string;
  readonly channel: string;
  readonly release: string;
  readonly sha256: string;
}

/** The state file of an interrupted upload, by which the same command continues it. */
interface RememberedUpload {
  /** The ID of the open upload, if exactly this declaration opened one. */
  readonly find: (declared: object) => Promise<string | undefined>;
  readonly keep: (upload: string, declared: object) => Promise<void>;
  readonly forget: () => Promise<void>;
}

const stateDirectory = ({ XDG_STATE_HOME, HOME }: Readonly<Record<string, string | undefined>>): string =>
  join(XDG_STATE_HOME || join(HOME || homedir(), '.local', 'state'), 'channelctl');

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Where no state can be written, an upload starts from the beginning each time; nothing else is lost. */
const orNothing = <Value>(work: Promise<Value>): Promise<Value | undefined> => work.catch(() => undefined);

async function sweep(directory: string, now: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (now - (await stat(path)).mtimeMs > maxAgeMs) await rm(path, { force: true });
  }
}

function rememberedUpload(
  directory: string,
  { api, channel, release, sha256 }: UploadKey,
  now: () => number,
): RememberedUpload {
  const path = join(directory, `${digest([api, channel, release, sha256])}.json`);
  return {
    async find(declared) {
      const text = await orNothing(readFile(path, 'utf8'));
      try {
        const { upload, declaration } = JSON.parse(text ?? '{}') as { upload?: unknown; declaration?: unknown };
        return typeof upload === 'string' && declaration === digest(declared) ? upload : undefined;
      } catch {
        return undefined;
      }
    },
    async keep(upload, declared) {
      await orNothing(mkdir(directory, { recursive: true, mode: 0o700 }));
      await orNothing(sweep(directory, now()));
      const state = { upload, declaration: digest(declared), api, channel, release };
      await orNothing(writeFile(path, JSON.stringify(state), { mode: 0o600 }));
    },
    forget: async () => {
      await orNothing(rm(path, { force: true }));
    },
  };
}

/** The world outside of publishing, apart from the file. */
export interface PublishClient {
  readonly api: Pick<ChannelApi, 'get' | 'post' | 'url'>;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly progress: Progress;
  /** For $TMPDIR, $PATH and $XDG_STATE_HOME, and for git. */
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Prints a sentence that is not an error. */
  readonly note: (sentence: string) => void;
  readonly whenInterrupted?: WhenInterrupted | undefined;
}

/** What is declared of a file; the API's documentation has the rules. */
interface Declared extends ReleaseFacts {
  readonly release: string;
  readonly fileExtension: string;
  readonly size: number;
  readonly sha256: string;
  readonly partSha256s: readonly string[];
  /** Of an archive that was inspected. */
  readonly archive?: ArchiveFacts;
  readonly packed: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
}

interface FileToUpload {
  readonly channel: string;
  readonly path: string;
  readonly declared: Declared;
}

/** How many uploads are started if the one before was lost to another publisher or to the bucket's lifecycle. */
const maxUploads = 3;

const isCode = (error: unknown, code: ProblemCode): boolean => error instanceof Problem && error.code === code;

/** Sends the missing parts of an open upload. */
async function sendMissing(
  client: PublishClient,
  { channel, path, declared: { size } }: FileToUpload,
  opened: OpenUpload,
): Promise<void> {
  const { api, send, sleep, note, now, progress } = client;
  const { upload, partSize } = opened;
  const urls = (after: number): Promise<OpenUpload> =>
    api.get(channelPath(channel, `/uploads/${upload}`), { after: String(after) });
  const signAgain = async (partNumber: number): Promise<PartUrl | undefined> => {
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
    const ask = (after?: number): Promise<OpenUpload> => (after === undefined ? Promise.resolve(opened) : urls(after));
    for await (const { parts } of pages(ask)) {
      if (parts.length === 0) break;
      await uploadParts({ path, partSize, send, sleep, note, now, signAgain, onPart }, parts);
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
  const extra: { md5?: string; partMd5s?: readonly string[] } = {};
  for (;;) {
    try {
      return await api.post(to, { operation, ...declared, ...extra });
    } catch (error) {
      if (isCode(error, 'md5-needed') && extra.md5 === undefined) extra.md5 = await md5OfFile(path);
      else if (isCode(error, 'part-md5s-needed') && extra.partMd5s === undefined)
        extra.partMd5s = await md5sOfParts(path, declared.size);
      else throw error;
    }
  }
}

/** The upload that an interrupted run left open, or undefined if it no longer exists. */
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

/** Declares a file, sends its missing parts directly to the bucket, and makes it the channel's latest release. */
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
      if (!isCode(error, 'upload-gone') || attempt === maxUploads) throw error;
    }
  }
}
