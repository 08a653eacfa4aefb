import { createHash, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Conflict } from '../../api/problem.ts';
import { type PartChecksum, uploadsPrefix } from '../../domain/store.ts';
import type { BucketWriter } from './bucket-writer.ts';
import { answerOf, required, statusOf, unavailable } from './s3-requests.ts';

/** Under the prefix of uploads, which no reader can reach and which a lifecycle rule empties. No channel has this name. */
export const probeKey = `${uploadsPrefix}.conditions.json`;
/** Stores are replaced and reconfigured. */
const resultMaxAgeMs = 7 * 86_400_000;
const wrongEtag = '"00000000000000000000000000000000"';

export interface ProbeOptions {
  readonly client: Pick<S3Client, 'send'>;
  readonly bucket: string;
  readonly partChecksum: PartChecksum;
  readonly now: () => number;
}

/** The status of a call's answer. Throws where it says nothing about conditions: no answer, no access, no bucket, a fault. */
async function statusAfter(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || status === 401 || status === 403 || (status >= 500 && status !== 501))
      throw unavailable(error);
    return status;
  }
}

interface Rule {
  readonly rule: string;
  readonly statuses: readonly number[];
}

/** 409: the store saw another conditional write under way, so it does evaluate conditions. */
const refusedWrite = [412, 409] as const;
const rules = {
  create: { rule: 'Creating an object that already exists (If-None-Match: *)', statuses: refusedWrite },
  replace: { rule: 'Replacing an object that has changed (If-Match)', statuses: refusedWrite },
  replaceAbsent: { rule: 'Replacing an object that was deleted (If-Match)', statuses: [...refusedWrite, 404] },
  complete: { rule: 'Completing an upload over an object (If-None-Match: *)', statuses: refusedWrite },
} as const satisfies Readonly<Record<string, Rule>>;

const judge = ({ rule, statuses }: Rule, status: number): string[] =>
  statuses.includes(status) ? [] : [`${rule} was answered ${status}, not 412.`];

/**
 * Tries writes that the store must refuse, and returns a sentence for each one that it did not refuse. The date of a probe that
 * passed is kept in the bucket, so that most starts send one request, and one a week sends eleven.
 */
export async function probeConditions({ client, bucket, partChecksum, now }: ProbeOptions): Promise<readonly string[]> {
  const object = { Bucket: bucket, Key: probeKey };
  const text = (passed?: number): string =>
    JSON.stringify({ probe: 'conditional writes', parts: partChecksum, ...(passed && { passed }) });
  const put = (more: object, body = text()): PutObjectCommand =>
    new PutObjectCommand({ ...object, Body: body, ContentType: 'application/json', ...more });

  async function read(): Promise<{ readonly etag: string; readonly passed: number } | undefined> {
    const found = await answerOf(client.send(new GetObjectCommand(object)), { 404: undefined });
    if (found === undefined) return undefined;
    const body = await answerOf(required(found.Body, 'body').transformToString());
    const [, parts, passed] = /"parts":"(\w+)","passed":(\d{1,15})\}$/.exec(body) ?? [];
    return { etag: found.ETag ?? '', passed: parts === partChecksum ? Number(passed) : 0 };
  }

  /** As releases are uploaded: with the checksum of the part, which not every store takes. */
  async function completion(): Promise<string[]> {
    const bySha256 = partChecksum === 'sha256';
    const create = new CreateMultipartUploadCommand({
      ...object,
      ...(bySha256 ? { ChecksumAlgorithm: 'SHA256' } : {}),
    });
    const { UploadId } = await answerOf(client.send(create));
    const upload = { ...object, UploadId };
    const checksum = createHash(partChecksum).update(text()).digest('base64');
    const sent = { PartNumber: 1, ...(bySha256 ? { ChecksumSHA256: checksum } : {}) };
    try {
      const part = client.send(
        new UploadPartCommand({ ...upload, ...sent, ...(bySha256 ? {} : { ContentMD5: checksum }), Body: text() }),
      );
      const status = await statusAfter(part);
      if (status !== 200)
        return [`Taking a part with its ${bySha256 ? 'SHA-256' : 'MD5'} was answered ${status}, not 200.`];
      const MultipartUpload = { Parts: [{ ...sent, ETag: (await part).ETag }] };
      const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, IfNoneMatch: '*' });
      return judge(rules.complete, await statusAfter(client.send(complete)));
    } finally {
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    }
  }

  /** Another function may probe at the same time and change the entity tag: then this tries again with the new one. */
  async function keepResult(): Promise<string[]> {
    for (let before: string | undefined; ; ) {
      const found = await read();
      if (found === undefined) return ['An object that was just written does not exist.'];
      if (found.passed > now() - resultMaxAgeMs) return [];
      const status = await statusAfter(client.send(put({ IfMatch: found.etag }, text(now()))));
      if (status === 200) return [];
      if (found.etag === before) return [`Replacing an unchanged object (If-Match) was answered ${status}, not 200.`];
      before = found.etag;
    }
  }

  const found = await read();
  if (found !== undefined && found.passed > now() - resultMaxAgeMs) return [];
  if (found === undefined) await statusAfter(client.send(put({ IfNoneMatch: '*' })));
  const absent = { Key: `${uploadsPrefix}.conditions-${randomUUID()}.json`, IfMatch: wrongEtag };
  const failures = [
    ...judge(rules.create, await statusAfter(client.send(put({ IfNoneMatch: '*' })))),
    ...judge(rules.replace, await statusAfter(client.send(put({ IfMatch: wrongEtag })))),
    ...judge(rules.replaceAbsent, await statusAfter(client.send(put(absent)))),
    ...(await completion()),
  ];
  return failures.length > 0 ? failures : keepResult();
}

/** How long a store that failed the probe is not probed again. */
const failureMaxAgeMs = 60_000;

/** A 409 and not a 5xx, which clients would retry: only the operator can change the state of the store. */
const refusal = (findings: readonly string[]): Conflict =>
  new Conflict(
    'no-conditional-writes',
    `Nothing was written: the bucket's store lacks features that publishing needs. ${findings.join(' ')} If only conditions (If-…) are not honoured, the operator of this service can set conditionalWrites to "serialised"; if parts are refused, partChecksum to "md5". Otherwise use another store.`,
  );

/** Probes the store before the first write, and writes nothing where the store does not honour conditions. */
export function probedWriter(
  writer: BucketWriter,
  probe: () => Promise<readonly string[]>,
  now: () => number,
): BucketWriter {
  let passed = false;
  let refused: { readonly error: Conflict; readonly until: number } | undefined;
  let probing: Promise<void> | undefined;

  async function runProbe(): Promise<void> {
    const findings = await probe();
    passed = findings.length === 0;
    if (passed) return;
    refused = { error: refusal(findings), until: now() + failureMaxAgeMs };
    throw refused.error;
  }

  async function assertPassed(): Promise<void> {
    if (passed) return;
    if (refused !== undefined && now() < refused.until) throw refused.error;
    probing ??= runProbe().finally(() => {
      probing = undefined;
    });
    await probing;
  }

  return {
    ...writer,
    async writeText(...write) {
      await assertPassed();
      return writer.writeText(...write);
    },
    async openUpload(...upload) {
      await assertPassed();
      return writer.openUpload(...upload);
    },
    async completeUpload(...completion) {
      await assertPassed();
      return writer.completeUpload(...completion);
    },
  };
}

type Compared = Pick<BucketWriter, 'head' | 'writeText' | 'completeUpload'>;

/**
 * Evaluates conditions for a store that does not: it reads, compares, then writes. Nobody else may write in between, so this is
 * for a single process (a function with a reserved concurrency of 1), in which each write waits for the one before.
 * @param writer one that sends no conditions
 */
export function serialisedWriter(writer: BucketWriter): BucketWriter {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(write: (writer: Compared) => Promise<Value>): Promise<Value> => {
    const turn = last.then(() => write(writer));
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    ...writer,
    writeText: (key, text, condition) =>
      inTurn(async ({ head, writeText }) => {
        const expected = condition === 'if-absent' ? undefined : condition.ifMatch;
        return (await head(key))?.etag === expected ? writeText(key, text, condition) : 'changed';
      }),
    completeUpload: (key, uploadId, parts, size) =>
      inTurn(async ({ head, completeUpload }) =>
        (await head(key)) === undefined ? completeUpload(key, uploadId, parts, size) : 'taken',
      ),
  };
}
