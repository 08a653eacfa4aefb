import type { S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { publisherPaths } from '../../domain/publisher-paths.ts';
import { Sha256 } from '../../store/read/sha256.ts';
import { ChannelApi } from '../channel-api.ts';
import type { FoundApi } from '../find-api.ts';
import type { PublishClient } from '../publish-client.ts';
import { signedHeaders } from '../signed-headers.ts';
import type { Ask } from './ask.ts';
import type { Place } from './place.ts';
import { scratchBucket } from './scratch-bucket.ts';

export interface PlaceOptions extends Pick<PublishClient, 'send' | 'sleep' | 'environment' | 'now'> {
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
  readonly patience: number;
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

export function createPlace(options: PlaceOptions): Place {
  const { api, bucket, s3, onAws, credentials, narrowed, patience, token, ask, id, send, sleep, environment, now } =
    options;
  const { url, region, outputs } = api;
  const channel = `verify-${new Date(now()).toISOString().slice(0, 10)}-${id().slice(0, 8)}`;
  const askAs = (asking: AwsCredentialIdentityProvider): Place['askSigned'] => {
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
    patience,
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
