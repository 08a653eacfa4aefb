import { type Catalog, catalogKey } from '../../../lib/domain/catalog.ts';
import { denyListKey } from '../../../lib/domain/deny-list.ts';
import { isReadableChannel } from '../../../lib/domain/names.ts';
import { recordKey } from '../../../lib/domain/record.ts';
import { uploadsPrefix } from '../upload-state.ts';
import { checkObject, checkUnlisted, unknownObject } from './check-object.ts';
import type { Cursor } from './cursor.ts';
import { atOnce, type DoctorOptions, type Examination, headOf } from './examined.ts';
import { fewAtOnce } from './few-at-once.ts';
import type { Finding } from './finding.ts';
import { nameKeys } from './name-keys.ts';

/** Of one request. */
const mostKeys = 200;

const ours: readonly string[] = [catalogKey, denyListKey];

type KeyKind = 'ours' | 'document' | 'unreachable' | 'file';

/** What a key can be, by its name alone. */
export function kindOfKey(key: string, listed: ReadonlySet<string>): KeyKind {
  if (ours.includes(key) || listed.has(key) || key.startsWith(uploadsPrefix)) return 'ours';
  if (/[/\p{Cc}]/u.test(key)) return 'unreachable';
  if (!key.toLowerCase().endsWith('.json')) return 'file';
  return key.endsWith('.json') && isReadableChannel(key.slice(0, -'.json'.length)) ? 'document' : 'unreachable';
}

async function examineDocument({ bucket }: DoctorOptions, key: string): Promise<Finding[]> {
  const stored = await bucket.readText(key);
  return stored === undefined ? [] : [checkUnlisted(key.slice(0, -'.json'.length), key, stored.text)];
}

async function examineFiles(
  options: DoctorOptions,
  catalog: Catalog | undefined,
  keys: readonly string[],
): Promise<Finding[]> {
  const heads = await fewAtOnce(atOnce, keys, (key) => headOf(options, key));
  const owned = keys.map((key, place) => {
    const head = heads[place];
    return { key, owner: typeof head === 'object' ? head.metadata.channel : undefined };
  });
  const uses = await nameKeys(options, catalog, owned);
  return keys.flatMap((key, place) => {
    const { reachable, named } = uses.get(key) ?? { reachable: false, named: undefined };
    return checkObject({ key, head: heads[place], reachable, named });
  });
}

/** Everything that lies in the bucket, in the order of the keys. */
export async function examineKeys(
  options: DoctorOptions,
  catalog: Catalog | undefined,
  { after }: Extract<Cursor, { readonly step: 'keys' }>,
): Promise<Examination> {
  const { keys, more } = await options.bucket.listKeys(after, mostKeys);
  const listed = new Set([...(catalog?.channels ?? []), ...(catalog?.removed ?? [])].map(recordKey));
  const of = (kind: KeyKind): string[] => keys.filter((key) => kindOfKey(key, listed) === kind);
  const documents = catalog === undefined ? [] : of('document');
  const findings = [
    ...(await fewAtOnce(atOnce, documents, (key) => examineDocument(options, key))).flat(),
    ...(await examineFiles(options, catalog, of('file'))),
    ...of('unreachable').map(unknownObject),
  ];
  const last = keys.at(-1);
  return {
    examined: findings.map((one) => ({ subject: one.subject, findings: [one] })),
    next: more && last !== undefined ? { step: 'keys', after: last } : { step: 'uploads' },
  };
}
