import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { ObjectAddress } from '../../api/answers.ts';
import { NotFound, Problem } from '../../domain/problem.ts';
import { locateBucket } from '../../store/read/bucket-location.ts';
import { Sha256 } from '../../store/read/presign.ts';
import { type ExchangeResult, type SendOptions, sendSigned } from './http.ts';

/** What S3 keeps of a key: a version with data, or a mark that the key was deleted. */
interface Version {
  /** Undefined in a store without versions. */
  readonly id: string | undefined;
  readonly isMarker: boolean;
}

/** A version that could not be deleted, and why. */
export interface KeptVersion {
  readonly version: string | undefined;
  readonly why: 'denied' | 'locked';
  /** ISO 8601: the end of the lock, where it is known. */
  readonly until?: string;
  /** What S3 said. */
  readonly message: string;
}

export interface Deletion {
  /** Versions with data. */
  readonly deleted: number;
  readonly kept: readonly KeptVersion[];
}

interface Store extends SendOptions {
  readonly credentials: AwsCredentialIdentityProvider;
}

type Ask = (method: 'GET' | 'DELETE', key: string, query: Readonly<Record<string, string>>) => Promise<ExchangeResult>;

const idleTimeoutMs = 30_000;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of the first element of this name. */
export const textIn = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`)
    .exec(xml)?.[1]
    ?.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => entities[entity] ?? '');

function decodedKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

interface VersionPage {
  readonly versions: readonly Version[];
  readonly next?: Readonly<Record<string, string>>;
}

/** A page of an answer to ListObjectVersions: what it has of exactly this key. */
export function parseVersions(xml: string, key: string): VersionPage {
  const found = [...xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].filter(
    ([, , one = '']) => decodedKey(textIn(one, 'Key') ?? '') === key,
  );
  const versions = found.map(([, kind, one = '']) => ({
    id: textIn(one, 'VersionId'),
    isMarker: kind === 'DeleteMarker',
  }));
  const marker = textIn(xml, 'NextKeyMarker');
  // Keys are listed in order: after another key comes nothing more of this one.
  if (textIn(xml, 'IsTruncated') !== 'true' || marker === undefined || decodedKey(marker) !== key) return { versions };
  return {
    versions,
    next: { 'key-marker': key, 'version-id-marker': textIn(xml, 'NextVersionIdMarker') ?? '' },
  };
}

/** What a service of AWS says about a refusal, for the end of a sentence. */
export const explain = ({ status, body }: ExchangeResult): string =>
  `${textIn(body, 'Message') ?? textIn(body, 'Code') ?? 'no reason given'} (${status})`;

function requestsTo(address: ObjectAddress, { credentials, ...waiting }: Store): Ask {
  const { protocol, hostname, port, path } = locateBucket(address);
  const { region } = address;
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256: Sha256, uriEscapePath: false });
  const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
  return async (method, key, query) => {
    const url = new URL(`${origin}${path}${encodeURIComponent(key)}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return sendSigned(signer, { method, url, idleTimeoutMs }, waiting);
  };
}

/** A store that knows no versions answers that it has no such operation. */
const withoutVersions: readonly number[] = [400, 405, 501];

async function listVersions(ask: Ask, key: string): Promise<readonly Version[]> {
  const all: Version[] = [];
  let query: Readonly<Record<string, string>> | undefined = {};
  while (query !== undefined) {
    const result: ExchangeResult = await ask('GET', '', {
      ...{ versions: '', prefix: key, 'encoding-type': 'url' },
      ...query,
    });
    if (withoutVersions.includes(result.status)) return [{ id: undefined, isMarker: false }];
    if (result.status !== 200)
      throw new Problem(
        result.status === 404 ? 404 : 403,
        'forbidden',
        `The versions of "${key}" cannot be listed: ${explain(result)}. The release is marked as taken down, but its object is still in the bucket: run the same command with credentials that may delete it, or with --role.`,
      );
    const page: VersionPage = parseVersions(result.body, key);
    all.push(...page.versions);
    query = page.next;
  }
  return all;
}

/** When the lock of a version ends; undefined where it is not locked, or that cannot be read. */
async function lockOf(ask: Ask, key: string, id: string): Promise<{ readonly until?: string } | undefined> {
  const retention = await ask('GET', key, { retention: '', versionId: id });
  const until = retention.status === 200 ? textIn(retention.body, 'RetainUntilDate') : undefined;
  if (until !== undefined) return { until };
  const hold = await ask('GET', key, { 'legal-hold': '', versionId: id });
  return hold.status === 200 && textIn(hold.body, 'Status') === 'ON' ? {} : undefined;
}

async function deleteVersion(ask: Ask, key: string, { id }: Version): Promise<KeptVersion | undefined> {
  const result = await ask('DELETE', key, id === undefined ? {} : { versionId: id });
  if (result.status === 200 || result.status === 204 || result.status === 404) return undefined;
  const lock = id === undefined ? undefined : await lockOf(ask, key, id);
  const message = explain(result);
  if (lock !== undefined) return { version: id, why: 'locked', message, ...lock };
  return { version: id, why: 'denied', message };
}

/** Deletes an object with all its versions. Those with data come first, so that no older one appears meanwhile. */
export async function deleteObject(address: ObjectAddress, store: Store): Promise<Deletion> {
  const { key } = address;
  if (key === '') throw new NotFound('The service did not say which object to delete.');
  const ask = requestsTo(address, store);
  const versions = await listVersions(ask, key);
  const kept: KeptVersion[] = [];
  let deleted = 0;
  for (const version of versions.filter(({ isMarker }) => !isMarker)) {
    const problem = await deleteVersion(ask, key, version);
    if (problem === undefined) deleted += 1;
    else kept.push(problem);
  }
  if (kept.length > 0) return { deleted, kept };
  for (const version of versions.filter(({ isMarker }) => isMarker)) {
    const problem = await deleteVersion(ask, key, version);
    if (problem !== undefined) kept.push(problem);
  }
  return { deleted, kept };
}
