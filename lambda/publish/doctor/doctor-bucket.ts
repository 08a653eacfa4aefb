import type { DoctorRequest } from '../../../lib/api/admin-requests.ts';
import type { DoctorPage, FoundFinding } from '../../../lib/api/answers.ts';
import { finding } from '../../../lib/api/finding.ts';
import { catalogKey } from '../../../lib/domain/catalog.ts';
import { denyListKey } from '../../../lib/domain/deny-list.ts';
import type { Author } from '../../../lib/domain/record-changes.ts';
import { mapLimit } from '../../../lib/store/write/s3-requests.ts';
import { checkCatalog, checkDenyList, mendCatalog } from './check-catalog.ts';
import { checkGuards } from './check-guards.ts';
import {
  type Cursor,
  type DoctorOptions,
  type Examination,
  type Examined,
  examinedOf,
  formatCursor,
  parseCursor,
} from './examination.ts';
import { checkUploads, examineKeys } from './examine-keys.ts';
import { examineRecords, mendTheCatalog } from './examine-records.ts';

const maxUploadsPerPage = 200;
const maxConcurrentMends = 4;

async function examineUploads(
  { bucket, now }: DoctorOptions,
  { after }: Extract<Cursor, { readonly step: 'uploads' }>,
): Promise<Examination> {
  const { items, next } = await bucket.listUploads(after, maxUploadsPerPage);
  const examined = examinedOf(checkUploads(items, now()));
  return { examined, ...(next === undefined ? {} : { next: { step: 'uploads', after: next } }) };
}

async function examineGuards({ guards }: DoctorOptions): Promise<readonly Examined[]> {
  return guards === undefined ? [] : examinedOf(checkGuards(await guards()));
}

/** First the bucket's settings, the catalog, the deny list and the records, then all objects, then the open uploads. */
async function examine(options: DoctorOptions, after: string | undefined): Promise<Examination> {
  const cursor = parseCursor(after);
  if (cursor.step === 'uploads') return examineUploads(options, cursor);
  const { catalog, findings } = checkCatalog((await options.bucket.readText(catalogKey))?.text);
  if (cursor.step === 'keys') return examineKeys(options, catalog, cursor);
  const ofCatalog: Examined = {
    subject: catalogKey,
    findings,
    mend: async (author) => {
      const kinds = findings.filter(({ fixable }) => fixable).map(({ kind }) => kind);
      return kinds.length > 0 && (await mendTheCatalog(options, mendCatalog, author)) ? kinds : [];
    },
  };
  const records: Examination =
    catalog === undefined ? { examined: [], next: { step: 'keys' } } : await examineRecords(options, catalog, cursor);
  if (after !== undefined) return records;
  const ofDenyList: Examined = {
    subject: denyListKey,
    findings: checkDenyList((await options.bucket.readText(denyListKey))?.text),
  };
  return { ...records, examined: [...(await examineGuards(options)), ofCatalog, ofDenyList, ...records.examined] };
}

const page = (findings: readonly FoundFinding[], next: Cursor | undefined): DoctorPage => ({
  findings,
  ...(next === undefined ? {} : { next: formatCursor(next) }),
});

export async function examineBucket(options: DoctorOptions, after: string | undefined): Promise<DoctorPage> {
  const { examined, next } = await examine(options, after);
  return page(
    examined.flatMap(({ findings }) => findings),
    next,
  );
}

async function mended({ subject, findings, mend }: Examined, author: Author): Promise<FoundFinding[]> {
  const kinds = mend === undefined ? [] : await mend(author);
  const before = kinds.filter((kind) => !findings.some((one) => one.kind === kind));
  return [
    ...findings.map((one) => ({ ...one, fixed: kinds.includes(one.kind) })),
    ...before.map((kind) => ({
      ...finding(kind, subject, 'An earlier attempt of this run mended it.', 'Nothing has to be done.'),
      fixed: true,
    })),
  ];
}

/** Examines the same page as `examineBucket`, and mends what is safe. */
export async function mendBucket(
  options: DoctorOptions,
  { operation, after, dryRun = false }: DoctorRequest,
  by: string,
): Promise<DoctorPage> {
  if (dryRun) return examineBucket(options, after);
  const { examined, next } = await examine(options, after);
  const author: Author = { operation, at: new Date(options.now()).toISOString(), by };
  const findings = await mapLimit(examined, maxConcurrentMends, (one) => mended(one, author));
  return page(findings.flat(), next);
}
