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
import { Sha256 } from '../../store/read/keys.ts';
import { ChannelApi } from '../api/channel-api.ts';
import type { FoundApi } from '../api/find-api.ts';
import { signedHeaders } from '../api/http.ts';
import type { PublishClient } from '../publish/upload.ts';
import type { Answer, Ask } from './ask.ts';

interface Condition {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

export interface StoreAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  /** What the store says of a refusal. */
  readonly reason?: string;
}

/** What is tried in the bucket; each gives the status that the store answered, whatever it is. */
interface ScratchBucket {
  readonly put: (name: string, body: string, condition?: Condition) => Promise<StoreAnswer>;
  /** An upload of one part; the outcome is that of its completion. */
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

/** Keys begin with `prefix`, below which the bucket's lifecycle removes what nobody else may delete. */
function scratchBucket(
  client: S3Client,
  bucket: string,
  { prefix, onAws }: { readonly prefix: string; readonly onAws: boolean },
): ScratchBucket {
  const at = (name: string) => ({ Bucket: bucket, Key: prefix + name });
  // Under Object Lock S3 takes nothing without a checksum; not every other store takes one with a part.
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

/** Where and with what a deployment is looked at. Everything that is written is named after `channel`. */
export interface DeploymentUnderTest {
  /** A scratch channel, added by the first check and removed by the last. */
  readonly channel: string;
  /** The base URL for readers, as the stack or the command line gives it. */
  readonly readers: string;
  /** Of the publish API. */
  readonly api: string;
  /** The stack's outputs, where it was found by its name. */
  readonly outputs: Readonly<Record<string, string>> | undefined;
  readonly ask: Ask;
  /** Asks the publish API, signed. */
  readonly askSigned: (method: string, path: string, body?: object) => Promise<Answer>;
  /** The same as the publisher of this channel alone; undefined where no role was given for it. */
  readonly askAsPublisher: DeploymentUnderTest['askSigned'] | undefined;
  /** Milliseconds for which readers may not know yet what was published. */
  readonly patienceMs: number;
  /** A reader's headers: a token where channels are private. */
  readonly readerHeaders: Readonly<Record<string, string>>;
  readonly bucket: ScratchBucket;
  readonly publish: PublishClient;
  /** Makes a random id. */
  readonly id: () => string;
}

export interface DeploymentOptions extends Pick<PublishClient, 'send' | 'sleep' | 'environment' | 'now'> {
  readonly api: FoundApi;
  readonly bucket: string;
  readonly s3: S3Client;
  /** Whether the bucket is one of Amazon's. */
  readonly onAws: boolean;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly token: string | undefined;
  /** Credentials of a role that a policy narrows; undefined where no role was given to take them from. */
  readonly narrowed: ((policyOf: PolicyOf) => AwsCredentialIdentityProvider) | undefined;
  /** Milliseconds. */
  readonly patienceMs: number;
  readonly ask: Ask;
  readonly id: () => string;
}

/** A policy in JSON, for resources of this partition: `aws`, `aws-cn`, … */
export type PolicyOf = (partition: string) => string;

/** As the stack's policy for a publisher of this channel, of whichever API: its id is not known behind a domain. */
const publisherPolicy =
  (region: string, channel: string): PolicyOf =>
  (partition) => {
    const routes = publisherPaths({ channels: [channel], promotions: [], administrator: false });
    const api = `arn:${partition}:execute-api:${region}:*:*/$default`;
    const Resource = routes.map(([method, path]) => `${api}/${method}${path}`);
    const statement = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource };
    return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  };

const silent = { begin: () => {}, bytes: () => {}, end: () => {} };

export function createDeployment(options: DeploymentOptions): DeploymentUnderTest {
  const { api, bucket, s3, onAws, credentials, narrowed, patienceMs, token, ask, id, send, sleep, environment, now } =
    options;
  const { url, region, outputs } = api;
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
      progress: silent,
    },
    id,
  };
}

/** What verifying leaves behind, as nobody may delete it. */
export const leftovers = (channel: string): string =>
  [
    `What stays: the record ${channel}.json, marked as removed, and its release ${channel}-1.tar.xz (some 200 bytes), because`,
    `nothing in the bucket is ever deleted; and uploads/${channel}/…, which the bucket's lifecycle removes after 8 days.`,
  ].join('\n');

/** What a check saw. Undefined `ok`: it could not be looked at here, and `seen` says why. */
export interface Seen {
  readonly ok: boolean | undefined;
  readonly seen: string;
}

/** One line of the table. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  /** Whether the bucket's policy decides it, which only Amazon S3 evaluates. */
  readonly byPolicy?: boolean;
  readonly run: (deployment: DeploymentUnderTest) => Promise<Seen>;
}

export const seen = (ok: boolean, what: string | number): Seen => ({ ok, seen: String(what) });

export const notHere = (reason: string): Seen => ({ ok: undefined, seen: reason });
