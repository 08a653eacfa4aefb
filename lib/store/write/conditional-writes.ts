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
import type { PartChecksum } from '../../domain/release.ts';
import { type BucketWriter, isBucketMissing, statusOf, unavailable } from './bucket-writer.ts';

/** Under the prefix of uploads, which no reader reaches and a lifecycle rule empties. No channel is named so. */
export const probeKey = 'uploads/.conditions.json';
/** Milliseconds for which what was found is believed; stores are replaced and reconfigured. */
const believed = 7 * 86_400_000;
const wrongEtag = '"00000000000000000000000000000000"';

export interface ProbeOptions {
  readonly client: Pick<S3Client, 'send'>;
  readonly bucket: string;
  readonly partChecksum: PartChecksum;
  readonly now: () => number;
}

/** The status of a call's answer. Only what says nothing of conditions is thrown: no answer, no access, no bucket, a fault. */
async function statusAfter(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    const status = statusOf(error);
    const telling = status !== undefined && (status < 500 || status === 501) && status !== 403 && status !== 401;
    if (!telling || isBucketMissing(error)) throw unavailable(error);
    return status;
  }
}

async function certain<Value>(call: Promise<Value>): Promise<Value> {
  try {
    return await call;
  } catch (error) {
    throw unavailable(error);
  }
}

interface Rule {
  readonly rule: string;
  readonly statuses: readonly number[];
}

/** 409: the store saw another conditional write under way, so it looks at conditions. */
const refusedWrite = [412, 409] as const;
const rules = {
  create: { rule: 'creating an object that is there already (If-None-Match: *)', statuses: refusedWrite },
  replace: { rule: 'replacing an object that has changed (If-Match)', statuses: refusedWrite },
  replaceAbsent: { rule: 'replacing an object that is gone (If-Match)', statuses: [...refusedWrite, 404] },
  complete: { rule: 'completing an upload over an object (If-None-Match: *)', statuses: refusedWrite },
} as const satisfies Readonly<Record<string, Rule>>;

const judge = ({ rule, statuses }: Rule, status: number): string[] =>
  statuses.includes(status) ? [] : [`${rule[0]?.toUpperCase()}${rule.slice(1)} was answered ${status}, not 412.`];

/**
 * Asks the store what it does with conditions that it must refuse, and gives sentences of what is wrong; none where all is
 * honoured. A bucket that passed keeps the date, so that it is one request at most starts and eleven once a week.
 */
export async function probeConditions({ client, bucket, partChecksum, now }: ProbeOptions): Promise<readonly string[]> {
  const object = { Bucket: bucket, Key: probeKey };
  const text = (passed?: number): string =>
    JSON.stringify({ probe: 'conditional writes', parts: partChecksum, ...(passed && { passed }) });
  const put = (more: object, body = text()): PutObjectCommand =>
    new PutObjectCommand({ ...object, Body: body, ContentType: 'application/json', ...more });

  async function read(): Promise<{ readonly etag: string; readonly passed: number } | undefined> {
    try {
      const found = await client.send(new GetObjectCommand(object));
      const body = (await found.Body?.transformToString()) ?? '';
      const [, parts, passed] = /"parts":"(\w+)","passed":(\d{1,15})\}$/.exec(body) ?? [];
      return { etag: found.ETag ?? '', passed: parts === partChecksum ? Number(passed) : 0 };
    } catch (error) {
      if (statusOf(error) === 404 && !isBucketMissing(error)) return undefined;
      throw unavailable(error);
    }
  }

  /** As releases are uploaded: with the checksum of the part, which not every store takes. */
  async function completion(): Promise<string[]> {
    const bySha256 = partChecksum === 'sha256';
    const create = new CreateMultipartUploadCommand({
      ...object,
      ...(bySha256 ? { ChecksumAlgorithm: 'SHA256' } : {}),
    });
    const { UploadId } = await certain(client.send(create));
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

  /** Another function may probe at the same time: then the entity tag has changed, and it is tried with the new one. */
  async function keep(): Promise<string[]> {
    for (let before: string | undefined; ; ) {
      const found = await read();
      if (found === undefined) return ['An object that was just written is not there.'];
      if (found.passed > now() - believed) return [];
      const status = await statusAfter(client.send(put({ IfMatch: found.etag }, text(now()))));
      if (status === 200) return [];
      if (found.etag === before) return [`Replacing an unchanged object (If-Match) was answered ${status}, not 200.`];
      before = found.etag;
    }
  }

  const found = await read();
  if (found !== undefined && found.passed > now() - believed) return [];
  if (found === undefined) await statusAfter(client.send(put({ IfNoneMatch: '*' })));
  const absent = { Key: `uploads/.conditions-${randomUUID()}.json`, IfMatch: wrongEtag };
  const failures = [
    ...judge(rules.create, await statusAfter(client.send(put({ IfNoneMatch: '*' })))),
    ...judge(rules.replace, await statusAfter(client.send(put({ IfMatch: wrongEtag })))),
    ...judge(rules.replaceAbsent, await statusAfter(client.send(put(absent)))),
    ...(await completion()),
  ];
  return failures.length > 0 ? failures : keep();
}

/** Milliseconds for which a store that was found wanting is not asked again. */
const pause = 60_000;

/**
 * A 5xx would be tried again, which helps nothing, and nothing is wrong with the request either: it is the bucket's state that
 * stands against it, until its operator changes that.
 */
const refusal = (findings: readonly string[]): Conflict =>
  new Conflict(
    'no-conditional-writes',
    `Nothing was written: this bucket's store does not keep what publishing relies on. ${findings.join(' ')} Where only conditions (If-…) are not honoured, the operator of this service can set conditionalWrites to "serialised"; where parts are refused, partChecksum to "md5"; otherwise it takes another store.`,
  );

/** Finds out, before the first write, whether the store honours conditions, and writes nothing where it does not. */
export function probedWriter(
  writer: BucketWriter,
  probe: () => Promise<readonly string[]>,
  now: () => number,
): BucketWriter {
  let passed = false;
  let refused: { readonly error: Conflict; readonly until: number } | undefined;
  let probing: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const findings = await probe();
    passed = findings.length === 0;
    if (passed) return;
    refused = { error: refusal(findings), until: now() + pause };
    throw refused.error;
  }

  async function honoured(): Promise<void> {
    if (passed) return;
    if (refused !== undefined && now() < refused.until) throw refused.error;
    probing ??= ask().finally(() => {
      probing = undefined;
    });
    await probing;
  }

  return {
    ...writer,
    async writeText(...write) {
      await honoured();
      return writer.writeText(...write);
    },
    async openUpload(...upload) {
      await honoured();
      return writer.openUpload(...upload);
    },
    async completeUpload(...completion) {
      await honoured();
      return writer.completeUpload(...completion);
    },
  };
}

type Compared = Pick<BucketWriter, 'head' | 'writeText' | 'completeUpload'>;

/**
 * Keeps conditions that the store does not: looks, compares, then writes. Between the two nobody else may write, so this is for
 * a single process (a function with a reserved concurrency of 1), and inside of it one write waits for the other.
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
