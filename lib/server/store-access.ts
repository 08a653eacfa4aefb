import * as http from 'node:http';
import * as https from 'node:https';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { catalogKey } from '../domain/catalog.ts';
import { locateBucket } from '../store/read/bucket-location.ts';
import { type Credentials, createPresign, type StoreKeys } from '../store/read/presign.ts';
import { type BucketReader, createBucketReader } from '../store/read/reader.ts';
import { nodeRequest, type RequestFunction } from '../store/read/request.ts';
import type { ServerSettings } from './settings.ts';

/** How the functions ask the store and the issuers of tokens. */
export function requestByScheme(): RequestFunction {
  const [secure, plain] = [nodeRequest(https), nodeRequest(http)];
  return (request) => (request.url.startsWith('https:') ? secure : plain)(request);
}

/** AWS credentials from the environment, the shared files, or the role of the machine or container. */
export const awsKeys = () => providedKeys(fromNodeProviderChain());

/** Keys from the usual places of AWS. Those of a role are replaced from time to time; what they signed is then signed again. */
function providedKeys(provide: () => Promise<Credentials>): StoreKeys {
  let last: string | undefined;
  let generation = 0;
  return {
    get: async () => {
      const credentials = await provide();
      if (last !== undefined && last !== credentials.accessKeyId) generation += 1;
      last = credentials.accessKeyId;
      return credentials;
    },
    generation: () => generation,
  };
}

export interface StoreAccess {
  readonly settings: Pick<ServerSettings, 'bucket' | 'region' | 'endpoint' | 'pathStyle'>;
  readonly keys: StoreKeys;
  readonly request: RequestFunction;
  readonly now: () => number;
}

const openReader = ({ settings, keys, request, now }: StoreAccess): BucketReader =>
  createBucketReader(request, createPresign(locateBucket(settings), keys, now), keys);

/** Reads the catalog once. Throws where the store does not answer; a bucket without a catalog is in order. */
export const checkStore = async (access: StoreAccess): Promise<void> => {
  await openReader(access).readText(catalogKey);
};

/** Milliseconds for which an answer about the store holds, so that probes do not become load. */
const probeMaxAgeMs = 2_000;

/** Whether the store answers now, asked for the catalog. */
export function storeProbe(reader: BucketReader, now: () => number): () => Promise<boolean> {
  let etag: string | undefined;
  let last: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      const found = await reader.readText(catalogKey, etag);
      if (typeof found !== 'string') etag = found.etag;
      return true;
    } catch {
      return false;
    }
  };
  return () => {
    if (last === undefined || now() - last.at >= probeMaxAgeMs) last = { at: now(), answer: ask() };
    return last.answer;
  };
}
