import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { publisherPaths } from '../../api/routes.ts';
import { Sha256 } from '../../store/read/presign.ts';
import { ChannelApi } from '../api/channel-api.ts';
import type { FoundApi } from '../api/find-api.ts';
import { type Send, signedHeaders } from '../api/http.ts';
import type { PublishClient } from '../publish/upload.ts';
import { noProgress } from '../text.ts';

interface SentRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** With the case of the names as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

type Ask = (request: SentRequest) => Promise<Answer>;

const idleTimeoutMs = 35_000;

const pairs = (raw: readonly string[]): [string, string][] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] as string, raw[2 * index + 1] as string]);

/** Sends one request; follows no redirect. */
const createAsk =
  (send: Send): Ask =>
  async ({ method, url, headers = {}, body }) => {
    const sent = { method, url, headers, idleTimeoutMs, ...(body === undefined ? {} : { body: Buffer.from(body) }) };
    const { status, body: text, rawHeaders = [] } = await send(sent);
    return { status, headers: pairs(rawHeaders), body: text };
  };

/** The value of a header, by its name in lower case. */
export const headerOf = ({ headers }: Answer, name: string): string | undefined =>
  headers.find(([one]) => one.toLowerCase() === name)?.[1];

interface Condition {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

export interface StoreAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  /** The store's message of a refusal. */
  readonly reason?: string;
}

/** Requests to the bucket. Each returns the store's status, also of a refusal. */
interface ScratchBucket {
  readonly put: (name: string, body: string, condition?: Condition) => Promise<StoreAnswer>;
  /** An upload of one part. Returns the answer to its completion. */
  readonly upload: (name: string, body: string, condition?: Condition) => Promise<StoreAnswer>;
  readonly copy: (from: string, to: string, condition?: Condition) => Promise<StoreAnswer>;
  readonly remove: (name: string) => Promise<StoreAnswer>;
}

interface Answered {
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly ETag?: string | undefined;
}

async function storeAnswer(sent: Promise<Answered>): Promise<StoreAnswer> {
  try {
    const { $metadata, ETag } = await sent;
    return { status: $metadata.httpStatusCode ?? 0, etag: ETag };
  } catch (error) {
    const status = (error as Partial<Answered>).$metadata?.httpStatusCode;
    if (status === undefined) throw error;
    return { status, etag: undefined, reason: (error as Error).message };
  }
}

/** All keys begin with `prefix`, where the bucket's lifecycle removes objects that nobody else can delete. */
function scratchBucket(
  client: S3Client,
  bucket: string,
  { prefix, onAws }: { readonly prefix: string; readonly onAws: boolean },
): ScratchBucket {
  const at = (name: string) => ({ Bucket: bucket, Key: prefix + name });
  // Under Object Lock, S3 requires a checksum; some other stores do not accept one with a part.
  const checked = onAws ? ({ ChecksumAlgorithm: 'SHA256' } as const) : {};
  return {
    put: (name, Body, condition = {}) =>
      storeAnswer(client.send(new PutObjectCommand({ ...at(name), Body, ...checked, ...condition }))),
    async upload(name, Body, condition = {}) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at(name), ...checked }));
      const part = { ...at(name), UploadId, PartNumber: 1, Body, ...checked };
      const { ETag, ChecksumSHA256 } = await client.send(new UploadPartCommand(part));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256 }] };
      return storeAnswer(
        client.send(new CompleteMultipartUploadCommand({ ...at(name), UploadId, MultipartUpload, ...condition })),
      );
    },
    copy: (from, to, condition = {}) =>
      storeAnswer(
        client.send(new CopyObjectCommand({ ...at(to), CopySource: `${bucket}/${prefix}${from}`, ...condition })),
      ),
    remove: (name) => storeAnswer(client.send(new DeleteObjectCommand(at(name)))),
  };
}

/** A deployment and the means to check it. Everything that is written is named after `channel`. */
export interface DeploymentUnderTest {
  /** A scratch channel, which the first checks add and the last one removes. */
  readonly channel: string;
  /** The base URL for readers. */
  readonly readers: string;
  /** Of the publish API. */
  readonly api: string;
  /** The stack's outputs, if it was found by its name. */
  readonly outputs: Readonly<Record<string, string>> | undefined;
  readonly ask: Ask;
  /** Sends a signed request to the publish API. */
  readonly askSigned: (method: string, path: string, body?: object) => Promise<Answer>;
  /** The same as a publisher of only this channel; undefined if no role was given. */
  readonly askAsPublisher: DeploymentUnderTest['askSigned'] | undefined;
  /** How long it may take until readers see what was published. */
  readonly patienceMs: number;
  /** A reader's headers: the token, if there is one. */
  readonly readerHeaders: Readonly<Record<string, string>>;
  readonly bucket: ScratchBucket;
  readonly publish: PublishClient;
  /** Returns a random ID. */
  readonly id: () => string;
}

export interface DeploymentOptions extends Pick<PublishClient, 'send' | 'sleep' | 'environment' | 'now'> {
  readonly api: FoundApi;
  readonly bucket: string;
  readonly s3: S3Client;
  /** Whether the bucket is at Amazon S3. */
  readonly onAws: boolean;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly token: string | undefined;
  /** Credentials of a role with a narrower policy; undefined if no role was given. */
  readonly narrowed: ((policyOf: PolicyOf) => AwsCredentialIdentityProvider) | undefined;
  readonly patienceMs: number;
  readonly id: () => string;
}

/** A policy in JSON for resources in a partition (`aws`, `aws-cn`). */
export type PolicyOf = (partition: string) => string;

/** Like the stack's policy for a publisher of this channel, but for any API: behind a domain its ID is not known. */
const publisherPolicy =
  (region: string, channel: string): PolicyOf =>
  (partition) => {
    const routes = publisherPaths({ channels: [channel], promotions: [], administrator: false });
    const api = `arn:${partition}:execute-api:${region}:*:*/$default`;
    const Resource = routes.map(([method, path]) => `${api}/${method}${path}`);
    const statement = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource };
    return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  };

export function createDeployment(options: DeploymentOptions): DeploymentUnderTest {
  const { api, bucket, s3, onAws, credentials, narrowed, patienceMs, token, id, send, sleep, environment, now } =
    options;
  const { url, region, outputs } = api;
  const ask = createAsk(send);
  const channel = `verify-${new Date(now()).toISOString().slice(0, 10)}-${id().slice(0, 8)}`;
  const askAs = (asking: AwsCredentialIdentityProvider): DeploymentUnderTest['askSigned'] => {
    const signer = new SignatureV4({ service: 'execute-api', region, credentials: asking, sha256: Sha256 });
    return async (method, path, json) => {
      const request = {
        method,
        url: new URL(url + path),
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      };
      return ask({ ...request, headers: await signedHeaders(signer, request) });
    };
  };
  return {
    channel,
    readers: outputs?.ApiUrl ?? url,
    api: url,
    outputs,
    ask,
    askSigned: askAs(credentials),
    askAsPublisher: narrowed && askAs(narrowed(publisherPolicy(region, channel))),
    patienceMs,
    readerHeaders: token === undefined ? {} : { authorization: `Bearer ${token}` },
    bucket: scratchBucket(s3, bucket, { prefix: `uploads/${channel}/`, onAws }),
    publish: {
      api: new ChannelApi({ url, region, credentials, send, sleep }),
      send,
      sleep,
      environment,
      now,
      note: () => {},
      progress: noProgress,
    },
    id,
  };
}

/** What remains afterwards, because nobody can delete it. */
export const leftovers = (channel: string): string =>
  [
    `What remains: the record ${channel}.json, marked as removed, its release ${channel}-1.tar.xz (about 200 bytes) and`,
    `facts/${channel}.json, because nothing in the bucket is ever deleted; and uploads/${channel}/…, which the bucket's lifecycle removes after 8 days.`,
  ].join('\n');

/** The result of a check. `ok` is undefined if it could not run here, and `seen` says why. */
export interface CheckResult {
  readonly ok: boolean | undefined;
  readonly seen: string;
}

/** One line of the table. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  /** Whether it depends on the bucket's policy, which only Amazon S3 evaluates. */
  readonly byPolicy?: boolean;
  readonly run: (deployment: DeploymentUnderTest) => Promise<CheckResult>;
}

export const seen = (ok: boolean, what: string | number): CheckResult => ({ ok, seen: String(what) });

export const skipped = (reason: string): CheckResult => ({ ok: undefined, seen: reason });
